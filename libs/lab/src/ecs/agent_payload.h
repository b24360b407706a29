// A task in the words of the agent's protocol: what a PayloadMessage carries. No state of its own.
#pragma once

#include "ecs/model.h"

namespace squall::lab::ecs {

// Everything but the role's credentials, which are made anew for every message.
[[nodiscard]] json::Object task_payload(const Task& task,
                                        const TaskDefinition& definition,
                                        const std::string& attachment_arn = {});

// An element of elasticNetworkInterfaces, of a task or of the message that announces it.
[[nodiscard]] json::Object interface_payload(const NetworkInterface& interface,
                                             const std::string& attachment_arn);

} // namespace squall::lab::ecs
