// What a run comes to: its verdict, with the reason in words, and how its effect is proved.
#pragma once

#include "canary.h"
#include "host_states.h"
#include "squall/experiment/runner.h"

#include <optional>

namespace squall::experiment {

// Why a run did not go its way.
struct Ending {
    std::optional<Error> problem;
    std::optional<std::string> since; // another run holds a host, or a guard
};

// What the run comes to, worst first.
[[nodiscard]] RunResult judge(const std::string& run,
                              const HostStates& hosts,
                              const Stops& stops,
                              const Ending& ending,
                              const Fault& fault,
                              const Plan& plan);

// Of a run whose runner died, after its hosts were looked after.
[[nodiscard]] RunResult judge_recovered(const std::string& run, const HostStates& hosts);

// How the effect of a fault on tasks is proved; `canary` may be null.
[[nodiscard]] json::Array proof_of(const HostStates& hosts, const Canary* canary);

// What the canary adds to a verdict by counts; may be empty.
[[nodiscard]] std::string canary_remark(const Canary& canary, const HostStates& hosts);

} // namespace squall::experiment
