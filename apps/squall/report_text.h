// What a run came to for each instance, for people: a table of the members of a verdict event.
#pragma once

#include "squall/base/json.h"

#include <string>

namespace squall::app {

// Up to twenty instances one by one, more of them as the quickest, the middle and the slowest.
// Empty where nothing was injected.
[[nodiscard]] std::string report_text(const json::Object& verdict);

} // namespace squall::app
