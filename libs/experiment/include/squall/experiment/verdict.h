// How a run ended, in one word.
#pragma once

#include <string>
#include <string_view>

namespace squall::experiment {

enum class Verdict {
    passed,    // the effect was seen on every host it was injected on, and every host is well again
    failed,    // a host did not come back
    no_effect, // what was done had no effect that could be seen: not a success
    aborted,   // ended early, by a user or with its runner
    error,     // AWS or we ourselves could not do what the plan says
    refused,   // a guard said no
};

[[nodiscard]] std::string_view verdict_word(Verdict verdict);
// 0 passed, 1 failed, 3 error, 4 no-effect, 5 aborted, 6 refused.
[[nodiscard]] int exit_code(Verdict verdict);

} // namespace squall::experiment
