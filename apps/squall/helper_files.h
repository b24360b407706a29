// squall-host as it lies beside squall: what hosts are given to run.
#pragma once

#include "squall/experiment/world.h"

#include <vector>

namespace squall::app {

inline constexpr std::size_t helper_size_max = 64U << 20U;

// squall-host, of whatever architecture it is, squall-host-x86_64 and squall-host-aarch64, in the
// folder of this program; one for each architecture, and none where none can be read.
[[nodiscard]] std::vector<experiment::HelperFile> helpers_beside_squall();

} // namespace squall::app
