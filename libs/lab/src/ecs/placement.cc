#include "ecs/placement.h"

#include "ec2/network.h"
#include "ecs/placement_strategy.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

bool intersects(const std::set<std::uint16_t>& a, const std::set<std::uint16_t>& b) {
    return std::any_of(a.begin(), a.end(), [&](std::uint16_t port) { return b.contains(port); });
}

// An agent has to be able to give a task an interface of its own, and that can only be in a subnet
// of the instance's zone.
bool can_have_interface(const ContainerInstance& instance,
                        const PlacementRequest& request,
                        const Store& store) {
    if (instance.attribute("ecs.capability.task-eni") == nullptr || !request.network) return false;
    const auto subnet = ec2::subnet_of_zone(store.region(), zone_of(instance));
    const auto& subnets = request.network->subnets;
    return subnet && std::find(subnets.begin(), subnets.end(), subnet->id) != subnets.end();
}

// Besides the instance's own.
bool has_room_for_interface(const ContainerInstance& instance, const Store& store) {
    const auto tasks = store.live_tasks_on(instance);
    const auto taken = std::count_if(
        tasks.begin(), tasks.end(), [](const Task* task) { return task->interface.has_value(); });
    return taken + 1 < ec2::interfaces_max(instance.attribute_value("ecs.instance-type"));
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

std::string_view zone_of(const ContainerInstance& instance) {
    return instance.attribute_value("ecs.availability-zone");
}

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
    const bool is_awsvpc = request.definition->network_mode == "awsvpc";
    if (is_awsvpc && !can_have_interface(instance, request, store)) return "ATTRIBUTE";
    if (auto reason = constraints.refusal(instance, request, store)) return reason;
    if (!instance.agent_connected) return "AGENT";
    if (is_awsvpc && !has_room_for_interface(instance, store)) return "RESOURCE:ENI";
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
