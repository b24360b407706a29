#include "agent/local_endpoints.h"

#include "agent/task_network.h"
#include "squall/base/text.h"
#include "squall/wire/query.h"

#include <algorithm>

namespace squall::labhost {
namespace {

wire::HttpResponse json_response(int status, const json::Value& body) {
    return {status, {{"Content-Type", "application/json"}}, json::text(body)};
}

const TaskState* by_metadata_id(const AgentState& state, std::string_view id) {
    const auto found = std::find_if(state.tasks.begin(), state.tasks.end(), [&](const auto& entry) {
        return entry.second.metadata_id == id;
    });
    return found == state.tasks.end() ? nullptr : &found->second;
}

json::Object container_metadata(const TaskState& task, const ContainerState& container) {
    json::Object object{{"DockerId", container.id},
                        {"Name", container.name},
                        {"DockerName", container.docker_name},
                        {"Image", json::string_at(container.definition, "image")},
                        {"Labels",
                         json::Object{{"com.amazonaws.ecs.container-name", container.name},
                                      {"com.amazonaws.ecs.task-arn", task.arn}}},
                        {"DesiredStatus", task.desired_status},
                        {"KnownStatus", container.status},
                        {"Type", "NORMAL"}};
    if (const auto interface = TaskInterface::parse(task.interface))
        object["Networks"] =
            json::Array{json::Object{{"NetworkMode", "awsvpc"},
                                     {"IPv4Addresses", json::Array{interface->plain_address()}},
                                     {"MACAddress", interface->mac},
                                     {"PrivateDNSName", interface->host_name}}};
    return object;
}

// Of those that the task definition has.
const ContainerState* first_container(const TaskState& task) {
    const auto found = std::find_if(task.containers.begin(),
                                    task.containers.end(),
                                    [](const ContainerState& one) { return !one.is_pause; });
    return found == task.containers.end() ? nullptr : &*found;
}

json::Object task_metadata(const AgentState& state, const TaskState& task) {
    json::Array containers;
    for (const auto& container : task.containers)
        if (!container.is_pause) containers.push_back(container_metadata(task, container));
    return {{"Cluster", state.cluster},
            {"TaskARN", task.arn},
            {"Family", task.family},
            {"Revision", task.version},
            {"DesiredStatus", task.desired_status},
            {"KnownStatus", task.known_status},
            {"AvailabilityZone", state.availability_zone},
            {"LaunchType", "EC2"},
            {"ServiceName", task.service_name},
            {"Containers", std::move(containers)}};
}

json::Object introspection_task(const TaskState& task) {
    json::Array containers;
    for (const auto& container : task.containers) {
        containers.push_back(json::Object{{"DockerId", container.id},
                                          {"DockerName", container.docker_name},
                                          {"Name", container.name}});
    }
    return {{"Arn", task.arn},
            {"DesiredStatus", task.desired_status},
            {"KnownStatus", task.known_status},
            {"Family", task.family},
            {"Version", task.version},
            {"Containers", std::move(containers)}};
}

// The task asked for by its ARN or by a container of it; 404 and an empty object without one.
wire::HttpResponse one_introspection_task(const AgentState& state,
                                          const wire::QueryParameters& query) {
    for (const auto& [arn, task] : state.tasks) {
        const bool has_container = std::any_of(
            task.containers.begin(), task.containers.end(), [&](const ContainerState& container) {
                return !container.id.empty() && container.id == query.get("dockerid");
            });
        if (arn == query.get("taskarn") || has_container)
            return json_response(200, introspection_task(task));
    }
    return json_response(404, json::Object{});
}

wire::HttpResponse role_credentials(const AgentState& state, std::string_view id) {
    for (const auto& [arn, task] : state.tasks) {
        const json::Object& keys = task.credentials;
        if (keys.empty() || json::string_at(keys, "credentialsId") != id) continue;
        return json_response(
            200,
            json::Object{{"RoleArn", json::string_at(keys, "roleArn")},
                         {"AccessKeyId", json::string_at(keys, "accessKeyId")},
                         {"SecretAccessKey", json::string_at(keys, "secretAccessKey")},
                         {"Token", json::string_at(keys, "sessionToken")},
                         {"Expiration", json::string_at(keys, "expiration")}});
    }
    return json_response(400,
                         json::Object{{"code", "InvalidIdInRequest"},
                                      {"message", "CredentialsV2Request: ID not found"},
                                      {"HTTPErrorCode", 400}});
}

} // namespace

wire::HttpResponse introspection_answer(const AgentState& state,
                                        const std::string& agent_version,
                                        const wire::HttpRequest& request) {
    const auto path = split_once(request.target, '?').first;
    if (path == "/v1/metadata") {
        return json_response(200,
                             json::Object{{"Cluster", state.cluster},
                                          {"ContainerInstanceArn", state.instance_arn},
                                          {"Version", agent_version}});
    }
    if (path == "/v1/tasks") {
        const auto query = wire::QueryParameters::parse(split_once(request.target, '?').second);
        if (query && (query->has("taskarn") || query->has("dockerid")))
            return one_introspection_task(state, *query);
        json::Array tasks;
        for (const auto& [arn, task] : state.tasks)
            tasks.push_back(introspection_task(task));
        return json_response(200, json::Object{{"Tasks", std::move(tasks)}});
    }
    return json_response(
        200,
        json::Object{{"AvailableCommands", json::Array{"/v1/metadata", "/v1/tasks", "/license"}}});
}

wire::HttpResponse credentials_answer(const AgentState& state, const wire::HttpRequest& request) {
    const auto parts = split(split_once(request.target, '?').first, '/'); // "", "v4", ID, …
    if (parts.size() >= 4 && parts[1] == "v2" && parts[2] == "credentials")
        return role_credentials(state, parts[3]);
    if (parts.size() >= 3 && (parts[1] == "v3" || parts[1] == "v4")) {
        const TaskState* task = by_metadata_id(state, parts[2]);
        if (task == nullptr)
            return json_response(404, "V4 container metadata handler: unable to get container ID");
        if (const auto* container = first_container(*task);
            parts.size() == 3 && container != nullptr)
            return json_response(200, container_metadata(*task, *container));
        if (parts.size() == 4 && parts[3] == "task")
            return json_response(200, task_metadata(state, *task));
    }
    return {404, {{"Content-Type", "text/plain"}}, "404 page not found\n"};
}

} // namespace squall::labhost
