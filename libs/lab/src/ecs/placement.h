// Which instance a task goes to, and AWS's words for why not.
#pragma once

#include "ecs/store.h"

namespace squall::lab::ecs {

// Why this instance cannot take the task (a `failures[].reason`), or nothing when it can.
[[nodiscard]] std::optional<std::string>
refusal(const ContainerInstance& instance, const TaskDefinition& definition, Store& store);

struct Placement {
    ContainerInstance* instance = nullptr;                     // null: nobody takes it
    std::vector<std::pair<std::string, std::string>> refusals; // instance ARN, reason
};

// Spreads: among those who can, the one with the fewest live tasks of this group, then of all.
[[nodiscard]] Placement place(const Cluster& cluster,
                              const TaskDefinition& definition,
                              std::string_view group,
                              Store& store);

} // namespace squall::lab::ecs
