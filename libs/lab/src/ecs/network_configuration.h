// `networkConfiguration` of RunTask, StartTask, CreateService and UpdateService.
#pragma once

#include "ecs/store.h"

namespace squall::lab::ecs {

// What the call gives a task of this definition: demanded with networkMode awsvpc, where `known`
// stands in for what is not given, and refused with every other mode. InvalidParameterException in
// AWS's words. Subnets and groups are the lab's (ec2/network.h).
[[nodiscard]] Found<std::optional<NetworkConfiguration>>
read_network_configuration(const json::Object& body,
                           const TaskDefinition& definition,
                           const std::string& region,
                           const std::optional<NetworkConfiguration>& known = std::nullopt);

// As the API shows it.
[[nodiscard]] json::Object describe_network_configuration(const NetworkConfiguration& network);

} // namespace squall::lab::ecs
