// A setting of ecs.config in place of what every host has: an endpoint, authorities to trust.
#pragma once

#include "checks/agent_config.h"
#include "checks/look.h"

#include <string_view>

namespace squall::host {

// Whoever has set one may have mistyped it: at the end of the sign's evidence, and first in its
// remedy. `line`: the setting, or nullptr; `instead`: what counts without it.
void tell_own_setting(const ConfigLine* line, std::string_view instead, Sign& sign);

} // namespace squall::host
