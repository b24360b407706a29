// A task in the words of the agent's protocol: what a PayloadMessage carries. No state of its own.
#pragma once

#include "ecs/model.h"

namespace squall::lab::ecs {

// Everything but the role's credentials, which are made anew for every message.
[[nodiscard]] json::Object task_payload(const Task& task, const TaskDefinition& definition);

} // namespace squall::lab::ecs
