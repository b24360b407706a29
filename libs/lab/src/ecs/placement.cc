#include "ecs/placement.h"

#include "ecs/placement_strategy.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

bool intersects(const std::set<std::uint16_t>& a, const std::set<std::uint16_t>& b) {
    return std::any_of(a.begin(), a.end(), [&](std::uint16_t port) { return b.contains(port); });
}

std::optional<std::string>
lacking_resource(const ContainerInstance& instance, const Resources& needs, const Store& store) {
    const Resources left = store.remaining(instance);
    if (needs.cpu > left.cpu) return "RESOURCE:CPU";
    if (needs.memory > left.memory) return "RESOURCE:MEMORY";
    if (intersects(needs.ports_tcp, left.ports_tcp) || intersects(needs.ports_udp, left.ports_udp))
        return "RESOURCE:PORTS";
    return std::nullopt;
}

} // namespace

PlacementConstraints::PlacementConstraints(const PlacementRequest& request) {
    if (request.rules == nullptr) return;
    const auto read = [&](const json::Array& constraints) {
        for (const auto& constraint : constraints) {
            if (json::string_at(constraint, "type") == "distinctInstance") is_distinct_ = true;
            // All of them were read before, when they were given.
            auto query = ClusterQuery::parse(json::string_at(constraint, "expression"));
            if (query) queries_.push_back(std::move(*query));
        }
    };
    read(request.rules->constraints);
    read(json::array_at(request.definition->definition, "placementConstraints"));
}

std::optional<std::string> PlacementConstraints::refusal(const ContainerInstance& instance,
                                                         const PlacementRequest& request,
                                                         const Store& store) const {
    if (queries_.empty() && !is_distinct_) return std::nullopt;
    const QueriedInstance asked{instance, store.live_tasks_on(instance)};
    if (!std::all_of(queries_.begin(), queries_.end(), [&](const ClusterQuery& query) {
            return query.matches(asked);
        }))
        return "MemberOf placement constraint unsatisfied.";
    if (is_distinct_ && std::any_of(asked.tasks.begin(), asked.tasks.end(), [&](const Task* task) {
            return task->group == request.group;
        }))
        return "DistinctInstance placement constraint unsatisfied.";
    return std::nullopt;
}

std::optional<std::string> refusal(const ContainerInstance& instance,
                                   const PlacementRequest& request,
                                   const PlacementConstraints& constraints,
                                   const Store& store) {
    if (instance.status != "ACTIVE") return "INACTIVE";
    // Without this capability an agent cannot give a task an interface of its own.
    if (request.definition->network_mode == "awsvpc"
        && instance.attribute("ecs.capability.task-eni") == nullptr)
        return "ATTRIBUTE";
    if (auto reason = constraints.refusal(instance, request, store)) return reason;
    if (!instance.agent_connected) return "AGENT";
    return lacking_resource(instance, request.definition->needs, store);
}

Placement place(const Cluster& cluster, const PlacementRequest& request, Store& store) {
    SQUALL_ASSERT(request.rules != nullptr);
    Placement placement;
    const PlacementConstraints constraints(request);
    std::vector<ContainerInstance*> candidates;
    auto instances = store.instances_of(cluster);
    std::erase_if(instances, [&](const ContainerInstance* instance) {
        return instance->launch_type() != request.rules->launch_type;
    });
    for (ContainerInstance* instance : instances) {
        if (auto reason = refusal(*instance, request, constraints, store))
            placement.refusals.emplace_back(instance->arn, std::move(*reason));
        else
            candidates.push_back(instance);
    }
    placement.instance = best_of(candidates, instances, request, store);
    return placement;
}

} // namespace squall::lab::ecs
