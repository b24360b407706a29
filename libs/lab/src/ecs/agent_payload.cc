#include "ecs/agent_payload.h"

#include "ec2/network.h"
#include "squall/base/text.h"

namespace squall::lab::ecs {
namespace {

// What ECS gives a health check that leaves them out.
constexpr std::int64_t health_interval_default = 30;
constexpr std::int64_t health_timeout_default = 5;
constexpr std::int64_t health_retries_default = 3;
constexpr std::int64_t nanoseconds = 1'000'000'000;
constexpr double cpu_units = 1024; // of one core

json::Object environment_of(const json::Value& definition,
                            const json::Value& override_of_container) {
    json::Object environment;
    for (const auto& variable : json::array_at(definition, "environment"))
        environment[json::string_at(variable, "name")] = json::string_at(variable, "value");
    for (const auto& variable : json::array_at(override_of_container, "environment"))
        environment[json::string_at(variable, "name")] = json::string_at(variable, "value");
    return environment;
}

const json::Value& override_named(const json::Object& overrides, std::string_view name) {
    static const json::Value none;
    for (const auto& one : json::array_at(overrides, "containerOverrides")) {
        if (json::string_at(one, "name") == name) return one;
    }
    return none;
}

// The part of Docker's create body that a health check is; times are in nanoseconds there.
json::Object docker_health_check(const json::Value& check) {
    const auto seconds = [&](std::string_view name, std::int64_t otherwise) {
        return json::integer_at(check, name, otherwise) * nanoseconds;
    };
    return {{"Test", json::array_at(check, "command")},
            {"Interval", seconds("interval", health_interval_default)},
            {"Timeout", seconds("timeout", health_timeout_default)},
            {"Retries", json::integer_at(check, "retries", health_retries_default)},
            {"StartPeriod", seconds("startPeriod", 0)}};
}

// config and hostConfig are texts that hold JSON.
json::Object docker_config(const json::Value& definition, const std::string& network_mode) {
    const std::string mode = network_mode == "host"   ? "host"
                             : network_mode == "none" ? "none"
                                                      : "bridge";
    json::Object config;
    if (const auto& check = json::at(definition, "healthCheck"); check.is_object())
        config["Healthcheck"] = docker_health_check(check);
    return {{"version", config.empty() ? "1.18" : "1.24"},
            {"config", json::text(config)},
            {"hostConfig",
             json::text(json::Object{
                 {"NetworkMode", mode}, {"CapAdd", json::Array{}}, {"CapDrop", json::Array{}}})}};
}

json::Object container_payload(const json::Value& definition,
                               const Container& container,
                               const std::string& network_mode,
                               const json::Object& overrides) {
    const json::Value& changed = override_named(overrides, container.name);
    const json::Array& command = json::array_at(changed, "command").empty()
                                     ? json::array_at(definition, "command")
                                     : json::array_at(changed, "command");
    json::Object payload{{"name", container.name},
                         {"image", container.image},
                         {"containerArn", container.arn},
                         {"command", command},
                         {"cpu", container.cpu},
                         {"memory", container.memory},
                         {"essential", container.essential},
                         {"environment", environment_of(definition, changed)},
                         {"portMappings", json::array_at(definition, "portMappings")},
                         {"mountPoints", json::Array{}},
                         {"volumesFrom", json::Array{}},
                         {"links", json::Array{}},
                         {"overrides", "{}"},
                         {"dockerConfig", docker_config(definition, network_mode)}};
    if (json::at(definition, "healthCheck").is_object()) payload["healthCheckType"] = "docker";
    if (const auto& entry_point = json::array_at(definition, "entryPoint"); !entry_point.empty())
        payload["entryPoint"] = entry_point;
    if (!json::at(definition, "stopTimeout").is_null())
        payload["stopTimeout"] = json::at(definition, "stopTimeout");
    if (!json::at(definition, "dependsOn").is_null()) {
        json::Array dependencies;
        for (const auto& dependency : json::array_at(definition, "dependsOn")) {
            dependencies.push_back(
                json::Object{{"containerName", json::string_at(dependency, "containerName")},
                             {"condition", json::string_at(dependency, "condition")}});
        }
        payload["dependsOn"] = std::move(dependencies);
    }
    return payload;
}

} // namespace

json::Object interface_payload(const NetworkInterface& interface,
                               const std::string& attachment_arn) {
    return {{"attachmentArn", attachment_arn},
            {"ec2Id", interface.id},
            {"macAddress", interface.mac},
            {"ipv4Addresses",
             json::Array{json::Object{{"primary", true}, {"privateAddress", interface.address}}}},
            {"ipv6Addresses", json::Array{}},
            {"subnetGatewayIpv4Address", ec2::gateway},
            {"privateDnsName", interface.dns_name},
            {"domainNameServers", json::Array{}},
            {"domainName", json::Array{}},
            {"interfaceAssociationProtocol", "default"}};
}

json::Object task_payload(const Task& task,
                          const TaskDefinition& definition,
                          const std::string& attachment_arn) {
    json::Array containers;
    const json::Array& definitions = json::array_at(definition.definition, "containerDefinitions");
    for (std::size_t i = 0; i < definitions.size(); ++i)
        containers.push_back(container_payload(
            definitions[i], task.containers[i], definition.network_mode, task.overrides));
    json::Object payload{{"arn", task.arn},
                         {"family", definition.family},
                         {"version", std::to_string(definition.revision)},
                         {"desiredStatus", task.desired_status},
                         {"overrides", "{}"},
                         {"launchType", task.launch_type},
                         {"networkMode", definition.network_mode},
                         {"containers", std::move(containers)}};
    if (task.interface)
        payload["elasticNetworkInterfaces"] =
            json::Array{interface_payload(*task.interface, attachment_arn)};
    if (task.group.starts_with("service:")) payload["serviceName"] = task.group.substr(8);
    // Limits of the task as a whole, only where its definition has them: cores and MiB.
    if (!json::at(definition.definition, "cpu").is_null())
        payload["cpu"] = static_cast<double>(task.uses.cpu) / cpu_units;
    if (!json::at(definition.definition, "memory").is_null()) payload["memory"] = task.uses.memory;
    return payload;
}

} // namespace squall::lab::ecs
