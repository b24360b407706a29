// What a container of a task is created with: the body of Docker's POST /containers/create. Pure.
#pragma once

#include "agent/agent_state.h"

namespace squall::labhost {

// In awsvpc mode the first container of a task is its pause container, and the others share that
// one's network: it must have been created.
[[nodiscard]] json::Object
container_request(const AgentState& state, const TaskState& task, const ContainerState& container);

// The folder of its metadata file, and the variable that says where it is.
void add_metadata_folder(json::Object& request, const TaskState& task, const Path& folder);

} // namespace squall::labhost
