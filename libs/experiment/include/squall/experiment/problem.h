// What is wrong with something the user wrote, and where. All problems are reported at once.
#pragma once

#include <string>
#include <vector>

namespace squall::experiment {

struct Problem {
    std::string where; // "faults.yaml:7", "--set 2", "the environment"
    std::string what;  // what is wrong, and what would be right
};

using Problems = std::vector<Problem>;

// One line for each: "WHERE: WHAT", without control characters; the first twenty, and how many more
// there are.
[[nodiscard]] std::string problem_text(const Problems& problems);

} // namespace squall::experiment
