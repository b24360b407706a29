// The guard that asks a `squall monitor run`: where agents are gone already, nothing more is
// broken. It always refuses: who names a monitor wants its word, and no word says no.
#pragma once

#include "squall/experiment/plan.h"
#include "squall/experiment/problem.h"
#include "squall/experiment/world.h"

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace squall::experiment {

// MONITOR_URL
[[nodiscard]] TunableSpec monitor_tunable();

// An address that nobody can connect to is a mistake before anything is asked.
[[nodiscard]] Problems check_monitor(const TunableValues& values);

// What the monitor has against this plan; nothing where none is named.
[[nodiscard]] std::vector<GuardFinding>
monitor_findings(World& world, const Plan& plan, Deadline deadline, const std::stop_token& stop);

// What an answer to GET /v1/incidents says, a text for each open incident. An error: it is no clear
// answer.
[[nodiscard]] Result<std::vector<std::string>> read_incidents(int status, std::string_view body);

} // namespace squall::experiment
