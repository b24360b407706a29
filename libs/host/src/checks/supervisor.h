// The main process of the ecs service, which starts the agent, and starts it again.
#pragma once

#include "checks/look.h"

#include <cstdint>
#include <string>

namespace squall::host {

// T: by a signal; t: by who debugs it.
[[nodiscard]] bool is_stopped(char state);

// AGENT_HUNG: no agent runs, and who would start one is stopped itself. `name`: as the kernel has
// it.
[[nodiscard]] Sign stopped_supervisor(std::int64_t pid, const std::string& name, Evidence seen);

} // namespace squall::host
