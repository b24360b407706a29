// Times as HTTP writes them.
#pragma once

#include "squall/base/clock.h"

#include <string>

namespace squall::lab {

// "Sat, 21 Nov 2026 02:03:04 GMT"
[[nodiscard]] std::string http_date(WallTime when);

} // namespace squall::lab
