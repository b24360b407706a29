// How long calls that concern many hosts take, at the rates that we keep to: nothing for up to a
// thousand hosts, half a minute for ten thousand.
#pragma once

#include "squall/base/clock.h"

#include <cstddef>

namespace squall::experiment {

struct FleetTimes {
    Seconds sending{0}; // a command to all of them
    Seconds looking{0}; // once after all of them
};

[[nodiscard]] FleetTimes fleet_times(std::size_t hosts);

} // namespace squall::experiment
