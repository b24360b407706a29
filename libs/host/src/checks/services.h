// What is said of the ecs service, whoever looked.
#pragma once

#include "checks/look.h"

#include <string>

namespace squall::host {

// AGENT_CRASHLOOP, whose reason is known: what the unit is to run is not there, or may not be run.
[[nodiscard]] doctor::Sign
program_is_missing(const std::string& program, bool is_there, doctor::Evidence seen);

} // namespace squall::host
