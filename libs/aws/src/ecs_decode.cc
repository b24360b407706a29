#include "ecs_decode.h"

#include "answer_time.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::aws {
namespace {

std::string text_at(const json::Value& value, std::string_view key) {
    return std::string(json::string_at(value, key));
}

Deployment decode_deployment(const json::Value& value) {
    return {text_at(value, "id"),
            text_at(value, "status"),
            text_at(value, "rolloutState"),
            json::integer_at(value, "desiredCount"),
            json::integer_at(value, "runningCount"),
            json::integer_at(value, "pendingCount")};
}

TaskContainer decode_task_container(const json::Value& value) {
    TaskContainer container{text_at(value, "name"), {}};
    for (const auto& binding : json::array_at(value, "networkBindings"))
        container.bindings.push_back({json::integer_at(binding, "containerPort"),
                                      json::integer_at(binding, "hostPort"),
                                      std::string(json::string_at(binding, "protocol", "tcp"))});
    return container;
}

// A mapping has a port, or a range of them ("8000-8010").
PortMapping decode_port_mapping(const json::Value& value) {
    PortMapping mapping;
    mapping.first = mapping.last = json::integer_at(value, "containerPort");
    mapping.protocol = json::string_at(value, "protocol", "tcp");
    if (const auto range = json::string_at(value, "containerPortRange"); !range.empty()) {
        const auto [first, last] = split_once(range, '-');
        mapping.first = to_integer(first).value_or(0);
        mapping.last = to_integer(last).value_or(mapping.first);
    }
    return mapping;
}

ContainerDefinition decode_container_definition(const json::Value& value) {
    ContainerDefinition container{
        text_at(value, "name"), json::bool_at(value, "essential", /*otherwise=*/true), {}, {}};
    for (const auto& mapping : json::array_at(value, "portMappings"))
        container.ports.push_back(decode_port_mapping(mapping));
    for (const auto& word : json::array_at(json::at(value, "healthCheck"), "command"))
        container.health_command +=
            (container.health_command.empty() ? "" : " ") + std::string(json::string_of(word));
    return container;
}

bool has_service_connect(const json::Value& service) {
    const auto& deployments = json::array_at(service, "deployments");
    return std::any_of(deployments.begin(), deployments.end(), [](const json::Value& deployment) {
        return json::bool_at(json::at(deployment, "serviceConnectConfiguration"), "enabled");
    });
}

} // namespace

std::optional<Cluster> decode_cluster(const json::Value& value) {
    Cluster cluster{text_at(value, "clusterArn"),
                    text_at(value, "clusterName"),
                    text_at(value, "status"),
                    json::integer_at(value, "registeredContainerInstancesCount"),
                    json::integer_at(value, "runningTasksCount"),
                    json::integer_at(value, "pendingTasksCount"),
                    json::integer_at(value, "activeServicesCount"),
                    {}};
    for (const auto& tag : json::array_at(value, "tags"))
        cluster.tags.insert_or_assign(text_at(tag, "key"), text_at(tag, "value"));
    if (cluster.arn.empty()) return std::nullopt;
    return cluster;
}

std::optional<ContainerInstance> decode_container_instance(const json::Value& value) {
    ContainerInstance instance;
    instance.arn = text_at(value, "containerInstanceArn");
    if (instance.arn.empty() || !json::at(value, "agentConnected").is_bool()) return std::nullopt;
    instance.agent_connected = json::bool_at(value, "agentConnected");
    instance.ec2_instance_id = text_at(value, "ec2InstanceId");
    instance.status = text_at(value, "status");
    instance.running_tasks_count = json::integer_at(value, "runningTasksCount");
    instance.pending_tasks_count = json::integer_at(value, "pendingTasksCount");
    instance.version = json::integer_at(value, "version");
    const json::Value& versions = json::at(value, "versionInfo");
    instance.agent_version = text_at(versions, "agentVersion");
    instance.docker_version = text_at(versions, "dockerVersion");
    for (const auto& attribute : json::array_at(value, "attributes"))
        instance.attributes.insert_or_assign(text_at(attribute, "name"),
                                             text_at(attribute, "value"));
    instance.registered_at = time_at(value, "registeredAt");
    instance.capacity_provider_name = text_at(value, "capacityProviderName");
    const json::Value& health = json::at(value, "healthStatus");
    instance.overall_health = text_at(health, "overallStatus");
    for (const auto& part : json::array_at(health, "details"))
        instance.health.push_back({text_at(part, "type"),
                                   text_at(part, "status"),
                                   text_at(part, "statusReason"),
                                   time_at(part, "lastUpdated"),
                                   time_at(part, "lastStatusChange")});
    return instance;
}

std::optional<Task> decode_task(const json::Value& value) {
    Task task{text_at(value, "taskArn"),
              text_at(value, "containerInstanceArn"),
              text_at(value, "taskDefinitionArn"),
              text_at(value, "group"),
              text_at(value, "lastStatus"),
              text_at(value, "desiredStatus"),
              text_at(value, "stoppedReason"),
              text_at(value, "stopCode"),
              text_at(value, "connectivity"),
              text_at(value, "launchType"),
              {}};
    for (const auto& container : json::array_at(value, "containers"))
        task.containers.push_back(decode_task_container(container));
    if (task.arn.empty()) return std::nullopt;
    return task;
}

std::optional<TaskDefinition> decode_task_definition(const json::Value& value) {
    TaskDefinition definition{
        text_at(value, "taskDefinitionArn"), text_at(value, "networkMode"), {}};
    // ECS gives the mode where it was given one; on Linux bridge is what it is otherwise.
    if (definition.network_mode.empty()) definition.network_mode = "bridge";
    for (const auto& container : json::array_at(value, "containerDefinitions"))
        definition.containers.push_back(decode_container_definition(container));
    if (definition.arn.empty()) return std::nullopt;
    return definition;
}

std::optional<EcsService> decode_service(const json::Value& value) {
    EcsService service{text_at(value, "serviceArn"),
                       text_at(value, "serviceName"),
                       text_at(value, "status"),
                       json::integer_at(value, "desiredCount"),
                       json::integer_at(value, "runningCount"),
                       json::integer_at(value, "pendingCount"),
                       {},
                       {},
                       {},
                       has_service_connect(value)};
    for (const auto& targets : json::array_at(value, "loadBalancers"))
        service.load_balancers.push_back({text_at(targets, "targetGroupArn"),
                                          text_at(targets, "containerName"),
                                          json::integer_at(targets, "containerPort")});
    if (service.arn.empty()) return std::nullopt;
    for (const auto& deployment : json::array_at(value, "deployments"))
        service.deployments.push_back(decode_deployment(deployment));
    for (const auto& event : json::array_at(value, "events"))
        service.events.push_back(
            {text_at(event, "id"), time_at(event, "createdAt"), text_at(event, "message")});
    std::stable_sort(
        service.events.begin(),
        service.events.end(),
        [](const ServiceEvent& a, const ServiceEvent& b) { return a.created_at > b.created_at; });
    return service;
}

} // namespace squall::aws
