// All causes that the lab can make true.
#pragma once

#include "breaks/cause.h"

#include <vector>

namespace squall::lab::breaks {

[[nodiscard]] const std::vector<Cause>& catalogue();

// By its name, whatever the case of its letters; not_found says which ones there are like it.
[[nodiscard]] Result<const Cause*> cause_named(std::string_view name);

} // namespace squall::lab::breaks
