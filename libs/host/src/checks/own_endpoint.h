// An endpoint of ECS, or the authorities to trust, that somebody has named.
#pragma once

#include "checks/agent_config.h"
#include "checks/look.h"

#include <optional>

namespace squall::host {

// Whoever has named an endpoint may have mistyped it. Where ECS_BACKEND_HOST is set, a sign that
// ECS's API is not reached says so: at the end of its evidence, and first in its remedy. `line`:
// the setting, if it is there.
void tell_own_endpoint(const std::optional<ConfigLine>& line, Sign& unreached);
// The same of SSL_CERT_FILE, whose authorities count in place of the host's.
void tell_own_authorities(const std::optional<ConfigLine>& line, Sign& untrusted);

} // namespace squall::host
