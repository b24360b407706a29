// What a sweep has found, for people and for programs.
#pragma once

#include "squall/experiment/sweep.h"

#include <string>

namespace squall::app {

[[nodiscard]] std::string sweep_text(const experiment::SweepReport& report);

// {"looked_at":n,"items":[{"instance_id","run","what","over","why","removed"}],"not_looked_at":
// [{"instance_id","why"}]}
[[nodiscard]] json::Object sweep_json(const experiment::SweepReport& report);

} // namespace squall::app
