// The setup step of a container: runs as its first process, in its namespaces, and ends by becoming
// the container's program. Started by launch.h, never by people.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost::runtime {

// The role `container`. Returns only if the program could not be started, which has been reported
// by then.
[[nodiscard]] int run_container_setup(const std::vector<std::string>& arguments);

} // namespace squall::labhost::runtime
