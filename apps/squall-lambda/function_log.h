// What the function says in its log of what it has decided: a line of JSON for each decision, and
// for an agent that is gone the lines of the published sample, by which people have filters and
// queries.
#pragma once

#include "squall/monitor/decision.h"

#include <string>
#include <vector>

namespace squall::app {

// Each ends with a new line.
[[nodiscard]] std::vector<std::string> lines_of(const monitor::Actions& actions,
                                                const std::string& request_id);

} // namespace squall::app
