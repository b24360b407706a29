#include "agent/container_request.h"

#include "agent/container_metadata.h"
#include "agent/task_network.h"

#include <algorithm>

namespace squall::labhost {
namespace {

// "8080/tcp": [{"HostIp": …, "HostPort": …}] of every port mapping.
json::Object port_bindings(const json::Object& definition) {
    json::Object bindings;
    for (const auto& mapping : json::array_at(definition, "portMappings")) {
        const std::string port = fmt::format("{}/{}",
                                             json::integer_at(mapping, "containerPort"),
                                             json::string_at(mapping, "protocol", "tcp"));
        bindings[port] = json::Array{json::Object{
            {"HostIp", ""}, {"HostPort", std::to_string(json::integer_at(mapping, "hostPort"))}}};
    }
    return bindings;
}

// What the payload's text of Docker's settings has; empty where it has none.
json::Object health_check(const json::Object& definition) {
    const auto text = json::string_at(json::at(definition, "dockerConfig"), "config");
    const auto config = json::parse_object(text);
    return config ? json::object_at(*config, "Healthcheck") : json::Object{};
}

json::Object
labels_of(const AgentState& state, const TaskState& task, const ContainerState& container) {
    return {{"com.amazonaws.ecs.cluster", state.cluster},
            {"com.amazonaws.ecs.container-name", container.name},
            {"com.amazonaws.ecs.task-arn", task.arn},
            {"com.amazonaws.ecs.task-definition-family", task.family},
            {"com.amazonaws.ecs.task-definition-version", task.version}};
}

// A network namespace with nothing in it, and the name that the VPC gives the task's interface.
json::Object
pause_request(const AgentState& state, const TaskState& task, const ContainerState& container) {
    json::Array hosts;
    const auto interface = TaskInterface::parse(task.interface);
    const std::string name = interface ? interface->host_name : "";
    if (!name.empty()) hosts.emplace_back(name + ":" + interface->plain_address());
    return {
        {"Image", json::string_at(container.definition, "image")},
        {"Hostname", name},
        {"Labels", labels_of(state, task, container)},
        {"HostConfig", json::Object{{"NetworkMode", "none"}, {"ExtraHosts", std::move(hosts)}}}};
}

} // namespace

json::Object
container_request(const AgentState& state, const TaskState& task, const ContainerState& container) {
    if (container.is_pause) return pause_request(state, task, container);
    const json::Object& definition = container.definition;
    json::Array environment;
    for (const auto& [name, value] : json::object_at(definition, "environment"))
        environment.emplace_back(
            fmt::format("{}={}", std::string_view(name), json::string_of(value)));
    environment.emplace_back("AWS_EXECUTION_ENV=AWS_ECS_EC2");
    environment.emplace_back("ECS_CONTAINER_METADATA_URI=http://169.254.170.2/v3/"
                             + task.metadata_id);
    environment.emplace_back("ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/"
                             + task.metadata_id);
    environment.emplace_back("ECS_AGENT_URI=http://169.254.170.2/api/" + task.metadata_id);
    if (!task.credentials.empty()) {
        environment.emplace_back(
            fmt::format("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/{}",
                        json::string_at(task.credentials, "credentialsId")));
    }
    json::Object exposed;
    // A network that is shared publishes nothing.
    const bool has_network = task.network_mode != "awsvpc";
    const json::Object bindings = has_network ? port_bindings(definition) : json::Object{};
    for (const auto& [port, hosts] : bindings)
        exposed[port] = json::Object{};
    json::Object body{
        {"Image", json::string_at(definition, "image")},
        {"Env", std::move(environment)},
        {"ExposedPorts", std::move(exposed)},
        {"Labels", labels_of(state, task, container)},
        {"HostConfig",
         json::Object{
             {"NetworkMode",
              has_network ? task.network_mode : "container:" + task.containers.front().id},
             {"PortBindings", bindings},
             {"Memory", json::integer_at(definition, "memory") * 1024 * 1024},
             {"CpuShares", std::max<std::int64_t>(2, json::integer_at(definition, "cpu"))}}}};
    if (const auto check = health_check(definition); !check.empty()) body["Healthcheck"] = check;
    if (const auto& command = json::array_at(definition, "command"); !command.empty())
        body["Cmd"] = command;
    if (const auto& entry_point = json::array_at(definition, "entryPoint"); !entry_point.empty())
        body["Entrypoint"] = entry_point;
    return body;
}

void add_metadata_folder(json::Object& request, const TaskState& task, const Path& folder) {
    const std::string inside = MetadataFiles::folder_inside(task);
    request["Env"].as_array().emplace_back("ECS_CONTAINER_METADATA_FILE=" + inside
                                           + "/ecs-container-metadata.json");
    request["HostConfig"].as_object()["Binds"] =
        json::Array{json::Value(folder.string() + ":" + inside)};
}

} // namespace squall::labhost
