// The monitor's judgement. Pure: no clock, thread, socket or file; the same inputs at the same
// times give the same actions. Inputs may come in any order and any number of times.
#pragma once

#include "squall/monitor/input.h"
#include "squall/monitor/settings.h"
#include "squall/monitor/state.h"

namespace squall::monitor {

// Changes `state` by what is told, and by what is due at `now`, which never goes back. Only Tick
// runs timers: whoever has more to tell of the same moment tells it first.
[[nodiscard]] Actions
reduce(State& state, const Input& input, WallTime now, const Settings& settings);

} // namespace squall::monitor
