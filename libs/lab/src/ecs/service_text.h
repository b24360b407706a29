// What a service says of itself in its events, in AWS's words. No state.
#pragma once

#include "ecs/placement.h"

namespace squall::lab::ecs {

// "has started 2 tasks: (task 01…) (task 23…)."
[[nodiscard]] std::string started_text(const std::vector<const Task*>& tasks);
// The same of running tasks that stop; of those that never ran only the number is said.
[[nodiscard]] std::string stopped_text(const std::vector<const Task*>& tasks);
[[nodiscard]] std::string stopped_pending_text(std::size_t count);

// Nobody takes a task, and what the instance that came closest lacks.
[[nodiscard]] std::string cannot_place_text(const Placement& placement);
// The reason alone, as RunTask's failures and EventBridge have it.
[[nodiscard]] std::string cannot_place_reason(const Placement& placement);

// The end of every message that has a chapter of the manual.
inline constexpr std::string_view see_manual =
    " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

} // namespace squall::lab::ecs
