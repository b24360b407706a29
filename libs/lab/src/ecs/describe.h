// ECS's data as its JSON protocol shows it.
#pragma once

#include "ecs/store.h"

namespace squall::lab::ecs {

struct InstanceDetail {
    bool tags = false;
    bool health = false; // include=CONTAINER_INSTANCE_HEALTH
};

[[nodiscard]] json::Object describe_cluster(const Cluster& cluster, Store& store);
[[nodiscard]] json::Object describe_instance(const ContainerInstance& instance,
                                             Store& store,
                                             InstanceDetail detail,
                                             const json::Storage& storage = {});
[[nodiscard]] json::Object describe_definition(const TaskDefinition& definition);
[[nodiscard]] json::Object describe_task(const Task& task, const Store& store);
[[nodiscard]] json::Object describe_service(const Service& service, Store& store);
[[nodiscard]] json::Object describe_failure(std::string_view arn, std::string_view reason);
// Of a container instance that is not there, by the id or ARN that was asked for.
[[nodiscard]] json::Object
describe_missing_instance(const Cluster& cluster, const std::string& reference, const Store& store);
[[nodiscard]] json::Array describe_bindings(const std::vector<PortBinding>& bindings);

} // namespace squall::lab::ecs
