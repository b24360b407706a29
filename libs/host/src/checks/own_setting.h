// A setting of ecs.config in place of what every host has: an endpoint, authorities to trust.
#pragma once

#include "checks/agent_config.h"
#include "checks/look.h"

#include <string>
#include <string_view>

namespace squall::host {

// Whoever has set one may have mistyped it: at the end of the sign's evidence, and first in its
// remedy. `line`: the setting, or nullptr; `instead`: what counts without it.
void tell_own_setting(const ConfigLine* line, std::string_view instead, Sign& sign);

// A proxy that is set in the unit's own files, and not in ecs.config: first in the remedy of what
// it brings about, in place of the general step that speaks of ecs.config. `line` may be nullptr.
void tell_proxy_of_unit(const ConfigLine* line, Sign& sign);

// A file of authorities that was named and cannot be read, which no proxy has done: what to do, in
// place of all general steps. Nothing where `file` is none. `own`: the setting that names the file;
// it is another's, then, than that of the host's own package.
void tell_unreadable_authorities(const std::string& file, const ConfigLine* own, Sign& sign);

} // namespace squall::host
