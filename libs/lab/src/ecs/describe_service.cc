#include "ecs/describe.h"
#include "ecs/network_configuration.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

std::int64_t count_status(const std::vector<Task*>& tasks, std::string_view status) {
    return std::count_if(
        tasks.begin(), tasks.end(), [&](const Task* task) { return task->last_status == status; });
}

std::int64_t count_pending(const std::vector<Task*>& tasks) {
    return std::count_if(
        tasks.begin(), tasks.end(), [](const Task* task) { return is_pending(*task); });
}

json::Object describe_deployment(const Service& service,
                                 const Deployment& deployment,
                                 std::vector<Task*> tasks) {
    std::erase_if(tasks, [&](const Task* task) { return task->started_by != deployment.id; });
    const bool is_primary = &deployment == &service.primary();
    const auto wanted = std::count_if(tasks.begin(), tasks.end(), [](const Task* task) {
        return is_live(*task) && task->desired_status == "RUNNING";
    });
    json::Object object{{"id", deployment.id},
                        {"status", is_primary ? "PRIMARY" : "ACTIVE"},
                        {"taskDefinition", deployment.definition_arn},
                        {"desiredCount", is_primary ? service.desired_count : wanted},
                        {"runningCount", count_status(tasks, "RUNNING")},
                        {"pendingCount", count_pending(tasks)},
                        {"failedTasks", deployment.failed_tasks},
                        {"createdAt", epoch_seconds(deployment.created_at)},
                        {"updatedAt", epoch_seconds(deployment.updated_at)},
                        {"launchType", service.placement.launch_type},
                        {"rolloutState", deployment.rollout_state},
                        {"rolloutStateReason", deployment.rollout_reason}};
    if (deployment.network)
        object["networkConfiguration"] = describe_network_configuration(*deployment.network);
    return object;
}

json::Object describe_rules(const RolloutRules& rules) {
    return {{"deploymentCircuitBreaker",
             json::Object{{"enable", rules.circuit_breaker}, {"rollback", rules.rollback}}},
            {"maximumPercent", rules.maximum_percent},
            {"minimumHealthyPercent", rules.minimum_healthy_percent}};
}

json::Array describe_load_balancers(const Service& service) {
    json::Array described;
    for (const auto& one : service.load_balancers) {
        described.push_back(json::Object{{"targetGroupArn", one.target_group_arn},
                                         {"containerName", one.container_name},
                                         {"containerPort", one.container_port}});
    }
    return described;
}

} // namespace

json::Object describe_service(const Service& service, Store& store) {
    const auto tasks = store.tasks_of_service(service);
    json::Array deployments;
    for (const auto& deployment : service.deployments) {
        if (service.status != "INACTIVE")
            deployments.push_back(describe_deployment(service, deployment, tasks));
    }
    json::Array events;
    for (const auto& message : service.messages) {
        events.push_back(json::Object{{"id", message.id},
                                      {"createdAt", epoch_seconds(message.at)},
                                      {"message", message.text}});
    }
    json::Object object{{"serviceArn", service.arn},
                        {"serviceName", service.name},
                        {"clusterArn", store.arn("cluster/" + service.cluster)},
                        {"status", service.status},
                        {"taskDefinition", service.primary().definition_arn},
                        {"desiredCount", service.desired_count},
                        {"runningCount", count_status(tasks, "RUNNING")},
                        {"pendingCount", count_pending(tasks)},
                        {"launchType", service.placement.launch_type},
                        {"schedulingStrategy", "REPLICA"},
                        {"deploymentController", json::Object{{"type", "ECS"}}},
                        {"deploymentConfiguration", describe_rules(service.rules)},
                        {"deployments", std::move(deployments)},
                        {"events", std::move(events)},
                        {"loadBalancers", describe_load_balancers(service)},
                        {"serviceRegistries", json::Array{}},
                        {"placementConstraints", service.placement.constraints},
                        {"placementStrategy", service.placement.strategy},
                        {"enableECSManagedTags", false},
                        {"enableExecuteCommand", false},
                        {"propagateTags", service.propagate_tags},
                        {"createdAt", epoch_seconds(service.created_at)}};
    if (service.health_check_grace)
        object["healthCheckGracePeriodSeconds"] = *service.health_check_grace;
    const auto& network = service.primary().network;
    if (network) object["networkConfiguration"] = describe_network_configuration(*network);
    return object;
}

} // namespace squall::lab::ecs
