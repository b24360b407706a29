// The load balancers of services: which target a task is, when it is registered, and what its
// health means for the scheduler.
#include "ecs/control_plane.h"
#include "ecs/parameters.h"
#include "ecs/service_parameters.h"
#include "ecs/target_groups.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

// ECS hears of an unhealthy target some time after the load balancer has called it so; AWS does not
// say how long. Until then, whoever looks can see it.
constexpr Seconds notice_time{5};

const json::Value* container_named(const TaskDefinition& definition, std::string_view name) {
    for (const auto& container : json::array_at(definition.definition, "containerDefinitions")) {
        if (json::string_at(container, "name") == name) return &container;
    }
    return nullptr;
}

bool has_port(const json::Value& container, std::uint16_t port) {
    const auto& mappings = json::array_at(container, "portMappings");
    return std::any_of(mappings.begin(), mappings.end(), [&](const json::Value& mapping) {
        return json::integer_at(mapping, "containerPort") == port;
    });
}

Found<void> check_group(const TargetGroups* groups,
                        const ServiceLoadBalancer& one,
                        const TaskDefinition& definition) {
    const auto facts = groups == nullptr ? std::nullopt : groups->facts(one.target_group_arn);
    if (!facts)
        return invalid_parameter(
            fmt::format("The specified target group {} does not exist.", one.target_group_arn));
    if (!facts->has_load_balancer)
        return invalid_parameter(fmt::format("The target group with targetGroupArn {} does not "
                                             "have an associated load balancer.",
                                             one.target_group_arn));
    const bool needs_ip = definition.network_mode == "awsvpc";
    if (needs_ip != (facts->target_type == "ip"))
        return invalid_parameter(fmt::format("The provided target group {} has target type {}, "
                                             "which is incompatible with the {} network mode "
                                             "specified in the task definition.",
                                             one.target_group_arn,
                                             facts->target_type,
                                             definition.network_mode));
    return {};
}

// The port by which the outside reaches a container's port; 0 where it does not.
std::uint16_t outside_port(const Task& task, const ServiceLoadBalancer& one) {
    const auto container =
        std::find_if(task.containers.begin(), task.containers.end(), [&](const Container& each) {
            return each.name == one.container_name;
        });
    if (container == task.containers.end()) return 0;
    for (const auto& binding : container->bindings) {
        if (binding.container_port == one.container_port && binding.protocol == "tcp")
            return binding.host_port;
    }
    return 0;
}

} // namespace

Found<std::vector<ServiceLoadBalancer>> read_load_balancers(const json::Object& body,
                                                            const TaskDefinition& definition,
                                                            const TargetGroups* groups) {
    std::vector<ServiceLoadBalancer> read;
    for (const auto& given : json::array_at(body, "loadBalancers")) {
        if (!json::string_at(given, "loadBalancerName").empty())
            return invalid_parameter("This lab has no Classic Load Balancers.");
        const auto port = json::integer_at(given, "containerPort");
        const ServiceLoadBalancer one{std::string(json::string_at(given, "targetGroupArn")),
                                      std::string(json::string_at(given, "containerName")),
                                      static_cast<std::uint16_t>(port)};
        const json::Value* container = container_named(definition, one.container_name);
        if (container == nullptr)
            return invalid_parameter(fmt::format(
                "The container {} does not exist in the task definition.", one.container_name));
        if (!has_port(*container, one.container_port))
            return invalid_parameter(
                fmt::format("The container {} did not have a container port {} defined.",
                            one.container_name,
                            port));
        if (auto checked = check_group(groups, one, definition); !checked)
            return fail(checked.error());
        read.push_back(one);
    }
    return read;
}

Found<std::optional<std::int64_t>> read_grace_period(const json::Object& body,
                                                     bool has_load_balancers,
                                                     std::optional<std::int64_t> known) {
    const json::Value& given = json::at(body, "healthCheckGracePeriodSeconds");
    if (given.is_null()) return known;
    if (!has_load_balancers)
        return invalid_parameter("Health check grace period is only valid for services configured "
                                 "to use load balancers");
    const auto seconds = json::integer_at(body, "healthCheckGracePeriodSeconds", -1);
    if (seconds < 0 || seconds > 2'147'483'647)
        return invalid_parameter("healthCheckGracePeriodSeconds must be between 0 and 2147483647.");
    return seconds;
}

std::vector<RegisteredTarget> ControlPlane::targets_of(const Service& service, const Task& task) {
    std::vector<RegisteredTarget> targets;
    const ContainerInstance* instance = store_.instance_by_arn(task.instance_arn);
    for (const auto& one : service.load_balancers) {
        if (task.interface) {
            targets.push_back({one.target_group_arn, task.interface->address, one.container_port});
            continue;
        }
        const TaskDefinition* definition = store_.definition(task.definition_arn);
        // On the host's own network nothing is mapped: the port is the port.
        const bool is_host = definition != nullptr && definition->network_mode == "host";
        const std::uint16_t port = is_host ? one.container_port : outside_port(task, one);
        if (instance != nullptr && port != 0)
            targets.push_back({one.target_group_arn, instance->ec2_instance_id, port});
    }
    return targets;
}

// Tasks that run and are to run, and are not registered yet.
void ControlPlane::register_targets(Service& service, WallTime now) {
    if (target_groups_ == nullptr || service.load_balancers.empty()) return;
    std::map<std::string, int> registered;
    for (Task* task : store_.tasks_of_service(service)) {
        if (task->last_status != "RUNNING" || task->desired_status != "RUNNING"
            || !task->targets.empty())
            continue;
        task->targets = targets_of(service, *task);
        for (const auto& target : task->targets) {
            target_groups_->add(target, now);
            ++registered[target.target_group_arn];
        }
    }
    for (const auto& [arn, count] : registered)
        tell(service, fmt::format("registered {} targets in (target-group {})", count, arn), now);
}

void ControlPlane::deregister_targets(Task& task, WallTime now) {
    if (target_groups_ == nullptr || task.targets.empty()) return;
    const auto service = store_.services.find(store_.service_arn_of(task));
    for (const auto& target : std::exchange(task.targets, {})) {
        target_groups_->remove(target, now);
        if (service != store_.services.end())
            tell(
                service->second,
                fmt::format("deregistered 1 targets in (target-group {})", target.target_group_arn),
                now);
    }
    if (service != store_.services.end())
        tell(service->second, "has begun draining connections on 1 tasks.", now);
}

ControlPlane::TargetVerdict
ControlPlane::target_verdict(const Service& service, const Task& task, WallTime now) const {
    TargetVerdict verdict;
    if (target_groups_ == nullptr || service.load_balancers.empty()) return verdict;
    verdict.is_healthy = !task.targets.empty();
    // What it says while a task is still in its grace is not heeded.
    const auto grace = Seconds(service.health_check_grace.value_or(0));
    const bool counts = task.started_at && now - *task.started_at >= grace;
    for (const auto& target : task.targets) {
        const auto facts = target_groups_->look(target);
        if (!facts) continue;
        verdict.is_healthy = verdict.is_healthy && facts->state == "healthy";
        const bool is_noticed =
            facts->unhealthy_since && now - *facts->unhealthy_since >= notice_time;
        if (facts->state != "unhealthy" || !is_noticed || !counts) continue;
        verdict.unhealthy_in = target;
        verdict.reason = facts->description;
    }
    return verdict;
}

} // namespace squall::lab::ecs
