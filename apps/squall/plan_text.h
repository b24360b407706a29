// A plan for people.
#pragma once

#include "squall/experiment/plan.h"

#include <string>

namespace squall::app {

[[nodiscard]] std::string plan_text(const experiment::Plan& plan, bool with_scripts);

} // namespace squall::app
