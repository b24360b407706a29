// What the monitor asks AWS for over a scenario: a model of watch::Observer's rule, call by call.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <istream>

namespace squall::bench {

// The calls by operation, of those that fall between these times since the scenario's beginning;
// and how often each kind of decision was made, at any time.
[[nodiscard]] Result<json::Object> count_calls(std::istream& scenario, Seconds from, Seconds until);

} // namespace squall::bench
