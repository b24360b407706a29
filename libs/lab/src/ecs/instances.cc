#include "ecs/cluster_query.h"
#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/parameters.h"
#include "squall/base/log.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cctype>

namespace squall::lab::ecs {
namespace {

std::set<std::uint16_t> ports_of(const json::Value& resource) {
    std::set<std::uint16_t> ports;
    for (const auto& text : json::array_at(resource, "stringSetValue")) {
        const auto number = to_integer(json::string_of(text)).value_or(0);
        if (number > 0 && number <= 65535) ports.insert(static_cast<std::uint16_t>(number));
    }
    return ports;
}

Resources read_resources(const json::Array& total) {
    Resources resources;
    for (const auto& resource : total) {
        const std::string_view name = json::string_at(resource, "name");
        if (name == "CPU") resources.cpu = json::integer_at(resource, "integerValue");
        if (name == "MEMORY") resources.memory = json::integer_at(resource, "integerValue");
        if (name == "PORTS") resources.ports_tcp = ports_of(resource);
        if (name == "PORTS_UDP") resources.ports_udp = ports_of(resource);
    }
    return resources;
}

// What EC2 says of the instance the agent runs on; an external instance has no such document.
struct Identity {
    std::string instance_id;
    std::string availability_zone;
    std::string instance_type;
    std::string image_id;
};

Identity read_identity(const ApiCall& call) {
    const auto document =
        json::parse_object(json::string_at(call.body, "instanceIdentityDocument"));
    if (document) {
        return {std::string(json::string_at(*document, "instanceId")),
                std::string(json::string_at(*document, "availabilityZone")),
                std::string(json::string_at(*document, "instanceType")),
                std::string(json::string_at(*document, "imageId"))};
    }
    // An external instance is known by its role session, which SSM named after it.
    const std::string& arn = call.caller.arn;
    const std::string session = arn.substr(arn.rfind('/') + 1);
    return {session.starts_with("mi-") ? session : "mi-" + random_hex(17), {}, {}, {}};
}

// Of the characters that AWS's documentation of an attribute allows.
bool is_attribute(std::string_view name, std::string_view value) {
    constexpr std::size_t length_max = 128;
    const auto is_of = [](std::string_view text, std::string_view others) {
        return std::all_of(text.begin(), text.end(), [&](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0
                   || others.find(c) != std::string_view::npos;
        });
    };
    return !name.empty() && name.size() <= length_max && value.size() <= length_max
           && is_of(name, "-_./\\") && is_of(value, "-_./\\@: ");
}

void put_attribute(ContainerInstance& instance, const std::string& name, const std::string& value) {
    std::erase_if(instance.attributes,
                  [&](const Attribute& attribute) { return attribute.name == name; });
    instance.attributes.push_back({name, value});
}

void read_attributes(ContainerInstance& instance, const json::Array& attributes) {
    // The agent ends with an error when one of its own attributes does not come back as it was
    // sent: by that it learns which ones were not taken.
    for (const auto& attribute : attributes) {
        const auto name = json::string_at(attribute, "name");
        const auto value = json::string_at(attribute, "value");
        if (is_attribute(name, value))
            put_attribute(instance, std::string(name), std::string(value));
    }
}

void apply_registration(ContainerInstance& instance, const ApiCall& call) {
    const Identity identity = read_identity(call);
    if (instance.ec2_instance_id.empty()) instance.ec2_instance_id = identity.instance_id;
    read_attributes(instance, json::array_at(call.body, "attributes"));
    if (!identity.availability_zone.empty())
        put_attribute(instance, "ecs.availability-zone", identity.availability_zone);
    if (!identity.instance_type.empty())
        put_attribute(instance, "ecs.instance-type", identity.instance_type);
    if (!identity.image_id.empty()) put_attribute(instance, "ecs.ami-id", identity.image_id);
    instance.registered = read_resources(json::array_at(call.body, "totalResources"));
    // An agent that comes back without tags takes none away.
    if (call.body.contains("tags")) instance.tags = json::array_at(call.body, "tags");
    instance.client_token = json::string_at(call.body, "clientToken");
}

// Why a container instance that is known, or was, cannot be registered again like this.
std::optional<wire::ServiceError> reregistration_problem(const ContainerInstance& known,
                                                         const ApiCall& call) {
    const auto registered =
        std::find_if(known.attributes.begin(), known.attributes.end(), [](const Attribute& one) {
            return one.name == "ecs.instance-type";
        });
    const std::string type = read_identity(call).instance_type;
    if (registered == known.attributes.end() || type.empty() || registered->value == type)
        return std::nullopt;
    return wire::ServiceError{"ClientException",
                              "Container instance type changes are not supported."};
}

bool is_instance_status(std::string_view status) {
    return status == "ACTIVE" || status == "DRAINING" || status == "REGISTERING"
           || status == "DEREGISTERING" || status == "REGISTRATION_FAILED";
}

} // namespace

Answer ControlPlane::register_container_instance(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    std::string arn(json::string_at(call.body, "containerInstanceArn"));
    const std::string prefix = store_.arn(fmt::format("container-instance/{}/", (*cluster)->name));
    if (!arn.empty() && !arn.starts_with(prefix))
        return invalid_parameter("The container instance ARN does not belong to this cluster.");
    if (deregistered_.contains(arn))
        return refuse(
            "ClientException",
            fmt::format("Container instance {} is inactive.", arn.substr(arn.rfind('/') + 1)));
    if (const auto tags = tags_of(call.body); !tags) return fail(tags.error());
    if (arn.empty()) {
        // The same token twice is the same registration, whose answer was lost on the way.
        const std::string_view token = json::string_at(call.body, "clientToken");
        for (const ContainerInstance* known : store_.instances_of(**cluster)) {
            if (!token.empty() && known->client_token == token) arn = known->arn;
        }
    }
    if (arn.empty()) arn = prefix + random_hex(32);
    const bool is_new = !store_.instances.contains(arn);
    if (is_new && store_.instances.size() >= Store::instances_max)
        return refuse("LimitExceededException",
                      "The limit of container instances has been reached.");
    if (!is_new) {
        if (auto problem = reregistration_problem(store_.instances.at(arn), call))
            return fail(std::move(*problem));
    }
    ContainerInstance& instance = store_.instances[arn];
    if (is_new) {
        instance.arn = arn;
        instance.cluster = (*cluster)->name;
        instance.registered_at = call.now;
    }
    apply_registration(instance, call);
    if (is_new) changed(instance, call.now);
    return answer({{"containerInstance",
                    describe_instance(instance, store_, {.tags = true, .health = false})}});
}

Answer ControlPlane::deregister_container_instance(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    ContainerInstance* instance =
        store_.instance(**cluster, json::string_at(call.body, "containerInstance"));
    if (instance == nullptr) return invalid_parameter("Referenced container instance not found.");
    const auto tasks = store_.tasks_on(*instance);
    const bool busy =
        std::any_of(tasks.begin(), tasks.end(), [](const Task* task) { return is_live(*task); });
    if (busy && !json::bool_at(call.body, "force"))
        return invalid_parameter("Found running tasks on the instance.");
    // Orphaned: the control plane forgets its tasks; the agent, which never hears of it, leaves
    // them running.
    return answer({{"containerInstance",
                    forget_instance(
                        *instance, "Container instance deregistration forced by user", call.now)}});
}

json::Object
ControlPlane::forget_instance(ContainerInstance& instance, const std::string& why, WallTime now) {
    end_tasks(instance, why, now);
    instance.status = "INACTIVE";
    instance.agent_connected = false;
    changed(instance, now);
    json::Object described = describe_instance(instance, store_, {.tags = true, .health = false});
    if (const auto session = acs_.find(instance.arn); session != acs_.end())
        session->second.channel->close(1000, "InactiveInstanceException");
    if (deregistered_.size() < Store::instances_max) deregistered_.insert(instance.arn);
    store_.instances.erase(store_.instances.find(instance.arn));
    return described;
}

void ControlPlane::host_terminated(const std::string& ec2_instance_id,
                                   WallTime begun,
                                   WallTime now) {
    const std::string why = fmt::format("Host EC2 (instance {}) terminated.", ec2_instance_id);
    std::vector<ContainerInstance*> of_it;
    for (auto& [arn, instance] : store_.instances)
        if (instance.ec2_instance_id == ec2_instance_id) of_it.push_back(&instance);
    for (ContainerInstance* instance : of_it) {
        const bool was_connected =
            instance->agent_connected
            || (instance->disconnected_at && *instance->disconnected_at >= begun);
        if (was_connected)
            static_cast<void>(forget_instance(*instance, why, now));
        else
            end_tasks(*instance, why, now);
    }
}

void ControlPlane::forget_registrations(const std::string& ec2_instance_id,
                                        const std::set<std::string>& spared_arns,
                                        WallTime now) {
    std::vector<ContainerInstance*> of_it;
    for (auto& [arn, instance] : store_.instances)
        if (instance.ec2_instance_id == ec2_instance_id && !spared_arns.contains(arn))
            of_it.push_back(&instance);
    for (ContainerInstance* instance : of_it)
        static_cast<void>(
            forget_instance(*instance, "Container instance deregistration forced by user", now));
}

void ControlPlane::end_tasks(const ContainerInstance& instance,
                             const std::string& why,
                             WallTime now) {
    for (Task* task : store_.tasks_on(instance)) {
        if (!is_live(*task)) continue;
        task->desired_status = "STOPPED";
        task->stop_code = "TerminationNotice";
        task->stopped_reason = why;
        finish(*task, now);
    }
}

Answer ControlPlane::describe_container_instances(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto references = texts_at(call.body, "containerInstances", 100);
    if (!references) return fail(references.error());
    if (references->empty()) return invalid_parameter("Container instances cannot be empty.");
    const InstanceDetail detail{includes(call.body, "TAGS"),
                                includes(call.body, "CONTAINER_INSTANCE_HEALTH")};
    const json::Storage storage = json::one_block();
    json::Array instances(storage);
    json::Array failures(storage);
    for (const auto& reference : *references) {
        const ContainerInstance* instance = store_.instance(**cluster, reference);
        if (instance != nullptr)
            instances.push_back(describe_instance(*instance, store_, detail, storage));
        else
            failures.push_back(describe_missing_instance(**cluster, reference, store_));
    }
    return answer(json::Object(
        {{"containerInstances", std::move(instances)}, {"failures", std::move(failures)}},
        storage));
}

Answer ControlPlane::list_container_instances(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto size = page_size_of(call.body);
    if (!size) return fail(size.error());
    const std::string_view filter = json::string_at(call.body, "filter");
    std::optional<ClusterQuery> query;
    if (!filter.empty()) {
        auto parsed = ClusterQuery::parse(filter);
        if (!parsed)
            return invalid_parameter(
                fmt::format("Invalid query '{}': {}.", filter, parsed.error().message));
        query = std::move(*parsed);
    }
    const std::string_view status = json::string_at(call.body, "status");
    if (!status.empty() && !is_instance_status(status))
        return invalid_parameter("The status is not valid.");
    std::vector<std::string> arns;
    for (const ContainerInstance* instance : store_.instances_of(**cluster)) {
        if (!status.empty() && instance->status != status) continue;
        if (!query || query->matches({*instance, store_.live_tasks_on(*instance)}))
            arns.push_back(instance->arn);
    }
    return list_answer("containerInstanceArns",
                       page_of(arns, json::string_at(call.body, "nextToken"), *size));
}

} // namespace squall::lab::ecs
