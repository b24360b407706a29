// ECS's JSON as values. Nothing where a member is missing that the value is useless without.
#pragma once

#include "squall/aws/ecs.h"

#include <optional>

namespace squall::aws {

[[nodiscard]] std::optional<Cluster> decode_cluster(const json::Value& value);
// Nothing without agentConnected, too: what is not said is no evidence that an agent is gone.
[[nodiscard]] std::optional<ContainerInstance> decode_container_instance(const json::Value& value);
[[nodiscard]] std::optional<Task> decode_task(const json::Value& value);
[[nodiscard]] std::optional<TaskDefinition> decode_task_definition(const json::Value& value);
[[nodiscard]] std::optional<EcsService> decode_service(const json::Value& value);

} // namespace squall::aws
