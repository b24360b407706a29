// A plan for people.
#pragma once

#include "squall/experiment/check.h"
#include "squall/experiment/plan.h"

#include <string>

namespace squall::app {

[[nodiscard]] std::string plan_text(const experiment::Plan& plan, bool with_scripts);

// What was looked at beforehand, a line for each, and whether a run can begin.
[[nodiscard]] std::string check_text(const std::vector<experiment::CheckItem>& items);

} // namespace squall::app
