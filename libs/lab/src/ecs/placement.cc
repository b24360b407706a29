#include "ecs/placement.h"

#include <algorithm>
#include <tuple>

namespace squall::lab::ecs {
namespace {

bool intersects(const std::set<std::uint16_t>& a, const std::set<std::uint16_t>& b) {
    return std::any_of(a.begin(), a.end(), [&](std::uint16_t port) { return b.contains(port); });
}

bool has_attribute(const ContainerInstance& instance, std::string_view name) {
    return std::any_of(instance.attributes.begin(),
                       instance.attributes.end(),
                       [&](const Attribute& attribute) { return attribute.name == name; });
}

} // namespace

std::optional<std::string>
refusal(const ContainerInstance& instance, const TaskDefinition& definition, Store& store) {
    if (instance.status != "ACTIVE") return "INACTIVE";
    if (!instance.agent_connected) return "AGENT";
    // Without this capability an agent cannot give a task an interface of its own.
    if (definition.network_mode == "awsvpc" && !has_attribute(instance, "ecs.capability.task-eni"))
        return "ATTRIBUTE";
    const Resources left = store.remaining(instance);
    if (definition.needs.cpu > left.cpu) return "RESOURCE:CPU";
    if (definition.needs.memory > left.memory) return "RESOURCE:MEMORY";
    if (intersects(definition.needs.ports_tcp, left.ports_tcp)
        || intersects(definition.needs.ports_udp, left.ports_udp))
        return "RESOURCE:PORTS";
    return std::nullopt;
}

Placement place(const Cluster& cluster,
                const TaskDefinition& definition,
                std::string_view group,
                Store& store) {
    Placement placement;
    std::optional<std::tuple<std::ptrdiff_t, std::ptrdiff_t>> best;
    for (ContainerInstance* instance : store.instances_of(cluster)) {
        if (auto reason = refusal(*instance, definition, store)) {
            placement.refusals.emplace_back(instance->arn, std::move(*reason));
            continue;
        }
        const auto tasks = store.tasks_on(*instance);
        const auto of_group = std::count_if(tasks.begin(), tasks.end(), [&](const Task* task) {
            return is_live(*task) && task->group == group;
        });
        const auto live = std::count_if(
            tasks.begin(), tasks.end(), [](const Task* task) { return is_live(*task); });
        const std::tuple load{of_group, live};
        if (best && *best <= load) continue;
        best = load;
        placement.instance = instance;
    }
    return placement;
}

} // namespace squall::lab::ecs
