#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/health_check.h"
#include "ecs/parameters.h"
#include "ecs/placement.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

using Checked = Result<Resources, wire::ServiceError>;

// A number that AWS lets users write as 256 or "256".
std::int64_t number_of(const json::Value& value) {
    // No machine has more, and sums of it stay numbers.
    constexpr std::int64_t number_max = 1'000'000'000'000;
    if (value.is_string())
        return std::min(to_integer(json::string_of(value)).value_or(-1), number_max);
    boost::json::error_code error;
    const auto number = value.to_number<std::int64_t>(error);
    return error ? 0 : std::min(number, number_max);
}

Result<void, wire::ServiceError> add_ports(Resources& needs, const json::Value& container) {
    for (const auto& mapping : json::array_at(container, "portMappings")) {
        const auto container_port = json::integer_at(mapping, "containerPort", -1);
        const auto host_port = json::integer_at(mapping, "hostPort", 0);
        if (container_port < 0 || container_port > 65535 || host_port < 0 || host_port > 65535) {
            return refuse("ClientException", "Ports must be between 0 and 65535.");
        }
        const std::string_view protocol = json::string_at(mapping, "protocol", "tcp");
        if (protocol != "tcp" && protocol != "udp")
            return refuse("ClientException",
                          fmt::format("Invalid 'protocol' setting for port mapping: {}", protocol));
        auto& ports = protocol == "udp" ? needs.ports_udp : needs.ports_tcp;
        if (host_port != 0) ports.insert(static_cast<std::uint16_t>(host_port));
    }
    return {};
}

// What the containers of a definition need together; ClientException, in AWS's words, for one that
// cannot be.
Checked needs_of(const json::Array& containers) {
    if (containers.empty()) return refuse("ClientException", "Container list cannot be empty.");
    Resources needs;
    std::set<std::string> names;
    bool any_essential = false;
    for (const auto& container : containers) {
        const std::string name(json::string_at(container, "name"));
        if (!is_name(name))
            return refuse("ClientException",
                          "Container.name should not be null or empty and holds letters, digits, "
                          "hyphens and underscores.");
        if (!names.insert(name).second)
            return refuse("ClientException",
                          fmt::format("Container.name: {} should be unique.", name));
        if (json::string_at(container, "image").empty())
            return refuse("ClientException", "Container.image should not be null or empty.");
        const auto memory =
            std::max(number_of(json::at(container, "memoryReservation")), std::int64_t{0});
        const auto hard_memory = number_of(json::at(container, "memory"));
        if (hard_memory <= 0 && memory <= 0) {
            return refuse("ClientException",
                          fmt::format("Invalid setting for container '{}'. At least one of "
                                      "'memory' or 'memoryReservation' must be specified.",
                                      name));
        }
        needs.cpu += std::max(number_of(json::at(container, "cpu")), std::int64_t{0});
        needs.memory += memory > 0 ? memory : hard_memory;
        if (auto ports = add_ports(needs, container); !ports) return fail(ports.error());
        if (auto health = check_health_check(container); !health) return fail(health.error());
        any_essential = any_essential || json::bool_at(container, "essential", /*otherwise=*/true);
    }
    if (!any_essential)
        return refuse("ClientException", "At least one container must be marked essential.");
    return needs;
}

// With the instance's network, or one of the task's own, there is nothing between a container's
// port and the host's.
Result<void, wire::ServiceError> check_host_ports(const json::Object& body,
                                                  const std::string& mode) {
    for (const auto& container : json::array_at(body, "containerDefinitions")) {
        for (const auto& mapping : json::array_at(container, "portMappings")) {
            if (json::integer_at(mapping, "hostPort") != json::integer_at(mapping, "containerPort"))
                return refuse("ClientException",
                              fmt::format("When networkMode={}, the host ports and container ports "
                                          "in port mappings must match.",
                                          mode));
        }
    }
    return {};
}

// With task-level memory the containers need not give any: AWS's check looks at the task first.
Checked needs_of_definition(json::Object& body) {
    const auto task_cpu = number_of(json::at(body, "cpu"));
    const auto task_memory = number_of(json::at(body, "memory"));
    json::Array containers = json::array_at(body, "containerDefinitions");
    if (task_memory > 0) {
        for (auto& container : containers) {
            if (auto* object = container.if_object();
                object != nullptr && !object->contains("memory"))
                (*object)["memory"] = task_memory;
        }
    }
    auto needs = needs_of(containers);
    if (!needs) return needs;
    if (task_cpu > 0) needs->cpu = task_cpu;
    if (task_memory > 0) needs->memory = task_memory;
    return needs;
}

// A container without a network of its own has the ports of whose network it shares.
std::int64_t default_host_port(const json::Object& mapping, bool ports_are_equal) {
    return ports_are_equal ? json::integer_at(mapping, "containerPort") : 0;
}

void put_defaults(json::Object& body, bool ports_are_equal) {
    auto* containers = body["containerDefinitions"].if_array();
    if (containers == nullptr) return;
    for (auto& element : *containers) {
        auto* container = element.if_object();
        if (container == nullptr) continue;
        if (!container->contains("essential")) (*container)["essential"] = true;
        if (!container->contains("cpu")) (*container)["cpu"] = 0;
        put_health_check_defaults(*container);
        for (const char* list :
             {"environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"}) {
            if (!container->contains(list)) (*container)[list] = json::Array{};
        }
        auto* mappings = (*container)["portMappings"].if_array();
        if (mappings == nullptr) continue;
        for (auto& mapping : *mappings) {
            if (auto* object = mapping.if_object(); object != nullptr) {
                if (!object->contains("hostPort"))
                    (*object)["hostPort"] = default_host_port(*object, ports_are_equal);
                if (!object->contains("protocol")) (*object)["protocol"] = "tcp";
            }
        }
    }
}

} // namespace

Answer ControlPlane::register_task_definition(const ApiCall& call) {
    const std::string family(json::string_at(call.body, "family"));
    if (!is_name(family)) return refuse("ClientException", "Family contains invalid characters.");
    const std::string mode(json::string_at(call.body, "networkMode", "bridge"));
    if (mode != "bridge" && mode != "host" && mode != "none" && mode != "awsvpc")
        return refuse("ClientException", fmt::format("Invalid network mode: {}", mode));
    constexpr std::size_t definition_size_max = 65'536;
    const std::size_t size = json::text(call.body).size();
    if (size > definition_size_max)
        return refuse(
            "ClientException",
            fmt::format("Actual length: '{}'. Max allowed length is '65536' bytes.", size));
    auto tags = tags_of(call.body);
    if (!tags) return fail(tags.error());
    if (auto checked =
            check_definition_constraints(json::array_at(call.body, "placementConstraints"));
        !checked)
        return fail(checked.error());
    json::Object body = call.body;
    const bool ports_are_equal = mode == "host" || mode == "awsvpc";
    put_defaults(body, ports_are_equal);
    if (ports_are_equal) {
        if (auto checked = check_host_ports(body, mode); !checked) return fail(checked.error());
    }
    auto needs = needs_of_definition(body);
    if (!needs) return fail(needs.error());
    if (mode == "awsvpc") {
        // They are ports of the task's own interface.
        needs->ports_tcp.clear();
        needs->ports_udp.clear();
    }
    auto& revisions = store_.definitions[family];
    if (revisions.size() >= Store::definitions_max)
        return refuse("LimitExceededException",
                      "The limit of task definition revisions has been reached.");
    const auto revision = static_cast<std::int64_t>(revisions.size()) + 1;
    body.erase("tags");
    revisions.push_back({store_.arn(fmt::format("task-definition/{}:{}", family, revision)),
                         family,
                         revision,
                         true,
                         std::move(body),
                         mode,
                         std::move(*needs),
                         call.now,
                         std::move(*tags)});
    return answer({{"taskDefinition", describe_definition(revisions.back())},
                   {"tags", revisions.back().tags}});
}

Answer ControlPlane::deregister_task_definition(const ApiCall& call) {
    TaskDefinition* definition = store_.definition(json::string_at(call.body, "taskDefinition"));
    if (definition == nullptr)
        return refuse("ClientException", "The specified task definition does not exist.");
    definition->active = false;
    return answer({{"taskDefinition", describe_definition(*definition)}});
}

Answer ControlPlane::describe_task_definition(const ApiCall& call) {
    const TaskDefinition* definition =
        store_.definition(json::string_at(call.body, "taskDefinition"));
    if (definition == nullptr)
        return refuse("ClientException", "Unable to describe task definition.");
    const json::Array tags = includes(call.body, "TAGS") ? definition->tags : json::Array{};
    return answer({{"taskDefinition", describe_definition(*definition)}, {"tags", tags}});
}

Answer ControlPlane::list_task_definitions(const ApiCall& call) {
    const auto size = page_size_of(call.body);
    if (!size) return fail(size.error());
    const std::string_view prefix = json::string_at(call.body, "familyPrefix");
    const bool active = json::string_at(call.body, "status", "ACTIVE") == "ACTIVE";
    const bool descending = json::string_at(call.body, "sort") == "DESC";
    // By family, then by number: the keys are written so that they sort like that.
    std::vector<std::string> keys;
    for (const auto& [family, revisions] : store_.definitions) {
        for (const auto& definition : revisions) {
            if ((prefix.empty() || family == prefix) && definition.active == active)
                keys.push_back(fmt::format("{}\n{:010}", family, definition.revision));
        }
    }
    if (descending) std::reverse(keys.begin(), keys.end());
    auto page = page_of(keys,
                        json::string_at(call.body, "nextToken"),
                        *size,
                        descending ? Order::descending : Order::ascending);
    if (page) {
        for (auto& key : page->keys) {
            const auto [family, revision] = split_once(key, '\n');
            key = store_.arn(
                fmt::format("task-definition/{}:{}", family, to_integer(revision).value_or(0)));
        }
    }
    return list_answer("taskDefinitionArns", page);
}

} // namespace squall::lab::ecs
