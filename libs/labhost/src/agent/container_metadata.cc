#include "agent/container_metadata.h"

#include "squall/base/text.h"
#include "squall/wire/arn.h"

namespace squall::labhost {
namespace {

constexpr const char* file_name = "ecs-container-metadata.json";

// With tabs, as Go writes it: scripts read such files line by line.
std::string indented(const json::Value& value, const std::string& margin = "") {
    const std::string inner = margin + "\t";
    std::string members;
    const auto add = [&](const std::string& member) {
        members += (members.empty() ? "\n" : ",\n") + inner + member;
    };
    if (value.is_object()) {
        for (const auto& [name, member] : value.as_object())
            add(json::text(json::Value(name)) + ": " + indented(member, inner));
        return members.empty() ? "{}" : "{" + members + "\n" + margin + "}";
    }
    if (value.is_array()) {
        for (const auto& element : value.as_array())
            add(indented(element, inner));
        return members.empty() ? "[]" : "[" + members + "\n" + margin + "]";
    }
    return json::text(value);
}

json::Object
known_before(const AgentState& state, const TaskState& task, const ContainerState& container) {
    return {{"Cluster", state.cluster},
            {"ContainerInstanceARN", state.instance_arn},
            {"TaskARN", task.arn},
            {"TaskDefinitionFamily", task.family},
            {"TaskDefinitionRevision", task.version},
            {"ContainerName", container.name}};
}

json::Array port_mappings(const json::Array& bindings) {
    json::Array mappings;
    for (const auto& binding : bindings) {
        mappings.push_back(
            json::Object{{"ContainerPort", json::integer_at(binding, "containerPort")},
                         {"ContainerPortRange", ""},
                         {"HostPort", json::integer_at(binding, "hostPort")},
                         {"BindIp", json::string_at(binding, "bindIP")},
                         {"Protocol", json::string_at(binding, "protocol")}});
    }
    return mappings;
}

// A container that shares another's network (awsvpc) has none of its own, and no address here.
json::Array networks(const json::Value& inspected) {
    json::Array networks;
    const json::Value& settings = json::at(inspected, "NetworkSettings");
    for (const auto& [mode, network] : json::object_at(settings, "Networks")) {
        networks.push_back(
            json::Object{{"NetworkMode", mode},
                         {"IPv4Addresses", json::Array{json::string_at(network, "IPAddress")}}});
    }
    if (!networks.empty()) return networks;
    return {json::Object{
        {"NetworkMode", json::string_at(json::at(inspected, "HostConfig"), "NetworkMode")},
        {"IPv4Addresses", json::Array{json::string_at(settings, "IPAddress")}}}};
}

} // namespace

Path MetadataFiles::folder_of(const TaskState& task) const {
    const auto arn = wire::parse_arn(task.arn);
    // "task/CLUSTER/TASKID", or "task/TASKID"
    const std::string resource = arn ? arn->resource : "task/unknown";
    return data_dir_ / "metadata" / std::string(split_once(resource, '/').second);
}

Path MetadataFiles::folder_of(const TaskState& task, const ContainerState& container) const {
    return folder_of(task) / container.name;
}

std::string MetadataFiles::folder_inside(const TaskState& task) {
    return "/opt/ecs/metadata/" + task.metadata_id;
}

Result<void> MetadataFiles::write(const TaskState& task,
                                  const ContainerState& container,
                                  const json::Object& metadata) const {
    const Path folder = folder_of(task, container);
    if (auto made = make_directories(folder); !made) return made;
    return write_file(folder / file_name, indented(metadata));
}

Result<void> MetadataFiles::begin(const AgentState& state,
                                  const TaskState& task,
                                  const ContainerState& container) const {
    return write(task, container, known_before(state, task, container));
}

Result<void> MetadataFiles::complete(const AgentState& state,
                                     const TaskState& task,
                                     const ContainerState& container,
                                     const json::Value& inspected) const {
    json::Object metadata = known_before(state, task, container);
    metadata["ContainerID"] = container.id;
    metadata["DockerContainerName"] = "/" + container.docker_name;
    metadata["ImageID"] = json::string_at(inspected, "Image");
    metadata["ImageName"] = json::string_at(container.definition, "image");
    metadata["PortMappings"] = port_mappings(container.bindings);
    metadata["Networks"] = networks(inspected);
    metadata["MetadataFileStatus"] = "READY";
    metadata["AvailabilityZone"] = state.availability_zone;
    metadata["HostPrivateIPv4Address"] = host_address_;
    metadata["HostPublicIPv4Address"] = "";
    return write(task, container, metadata);
}

void MetadataFiles::remove(const TaskState& task) const {
    std::error_code ignored;
    std::filesystem::remove_all(folder_of(task), ignored);
}

} // namespace squall::labhost
