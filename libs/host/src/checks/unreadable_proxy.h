// What is said of a proxy's setting that programs cannot read, whoever looked.
#pragma once

#include "checks/agent_config.h"
#include "checks/look.h"

namespace squall::host {

// NET_PROXY, certain. Says the setting and its place, and never the value.
[[nodiscard]] doctor::Sign unreadable_proxy_sign(const ConfigLine& setting);

} // namespace squall::host
