// What squall's own runs leave on a host while they hold it (ecs-agent-stop's and the HTTP faults'
// scripts): below /var/run/squall a folder for each fault, with the run's name in it.
#pragma once

#include "checks/facts.h"

#include <optional>
#include <string>
#include <vector>

namespace squall::host {

struct Hold {
    std::string fault; // "ecs-agent-stop"
    std::string run;
    std::string place; // "/var/run/squall/ecs-agent-stop/run"
    std::optional<WallTime> until;
};

[[nodiscard]] std::vector<Hold> holds(const Facts& facts);
// Of the run that has stopped the agent.
[[nodiscard]] std::optional<Hold> hold_on_agent(const Facts& facts);

// "squall run 7f3a (ecs-agent-stop), which ends at 2026-11-22T18:40:00Z"
[[nodiscard]] std::string text_of(const Hold& hold);

} // namespace squall::host
