#include "ecs/describe.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

json::Object
integer_resource(std::string_view name, std::int64_t value, const json::Storage& storage) {
    return json::Object({{"name", name},
                         {"type", "INTEGER"},
                         {"doubleValue", 0.0},
                         {"longValue", 0},
                         {"integerValue", value}},
                        storage);
}

json::Object ports_resource(std::string_view name,
                            const std::set<std::uint16_t>& ports,
                            const json::Storage& storage) {
    json::Array texts(storage);
    for (const auto port : ports)
        texts.emplace_back(std::to_string(port));
    return json::Object({{"name", name},
                         {"type", "STRINGSET"},
                         {"doubleValue", 0.0},
                         {"longValue", 0},
                         {"integerValue", 0},
                         {"stringSetValue", std::move(texts)}},
                        storage);
}

json::Array describe_resources(const Resources& resources, const json::Storage& storage) {
    return json::Array({integer_resource("CPU", resources.cpu, storage),
                        integer_resource("MEMORY", resources.memory, storage),
                        ports_resource("PORTS", resources.ports_tcp, storage),
                        ports_resource("PORTS_UDP", resources.ports_udp, storage)},
                       storage);
}

void put_time(json::Object& object, std::string_view name, const std::optional<WallTime>& when) {
    if (when) object[name] = epoch_seconds(*when);
}

void put_text(json::Object& object, std::string_view name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

std::int64_t count_running(const std::vector<Task*>& tasks) {
    return std::count_if(tasks.begin(), tasks.end(), [](const Task* task) {
        return task->last_status == "RUNNING";
    });
}

std::int64_t count_pending(const std::vector<Task*>& tasks) {
    return std::count_if(
        tasks.begin(), tasks.end(), [](const Task* task) { return is_pending(*task); });
}

json::Object describe_health(const ContainerInstance& instance) {
    json::Object detail{{"type", "CONTAINER_RUNTIME"}, {"status", instance.runtime_status}};
    put_time(detail, "lastUpdated", instance.runtime_updated);
    put_time(detail, "lastStatusChange", instance.runtime_changed);
    return {{"overallStatus", instance.runtime_status},
            {"details", json::Array{std::move(detail)}}};
}

// Of an interface that is not there yet only the subnet is known.
json::Object describe_attachment(const NetworkInterface& interface) {
    json::Array details;
    const auto put = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) details.push_back(json::Object{{"name", name}, {"value", value}});
    };
    put("subnetId", interface.subnet_id);
    put("networkInterfaceId", interface.id);
    put("macAddress", interface.mac);
    put("privateDnsName", interface.dns_name);
    put("privateIPv4Address", interface.address);
    return {{"id", interface.attachment_id},
            {"type", "ElasticNetworkInterface"},
            {"status", interface.status},
            {"details", std::move(details)}};
}

json::Object describe_container(const Container& container, const Task& task) {
    json::Array interfaces;
    if (task.interface && !task.interface->address.empty())
        interfaces.push_back(json::Object{{"attachmentId", task.interface->attachment_id},
                                          {"privateIpv4Address", task.interface->address}});
    json::Object object{{"containerArn", container.arn},
                        {"taskArn", task.arn},
                        {"name", container.name},
                        {"image", container.image},
                        {"lastStatus", container.last_status},
                        {"networkBindings", describe_bindings(container.bindings)},
                        {"networkInterfaces", std::move(interfaces)},
                        {"healthStatus", container.health},
                        {"cpu", std::to_string(container.cpu)}};
    put_text(object, "runtimeId", container.runtime_id);
    put_text(object, "reason", container.reason);
    if (container.memory > 0) object["memory"] = std::to_string(container.memory);
    if (container.exit_code) object["exitCode"] = *container.exit_code;
    return object;
}

} // namespace

json::Object describe_missing_instance(const Cluster& cluster,
                                       const std::string& reference,
                                       const Store& store) {
    const bool is_arn = reference.starts_with("arn:");
    return describe_failure(
        is_arn ? reference
               : store.arn(fmt::format("container-instance/{}/{}", cluster.name, reference)),
        "MISSING");
}

json::Object describe_failure(std::string_view arn, std::string_view reason) {
    return {{"arn", arn}, {"reason", reason}};
}

json::Array describe_bindings(const std::vector<PortBinding>& bindings) {
    json::Array array;
    for (const auto& binding : bindings) {
        array.push_back(json::Object{{"bindIP", binding.bind_ip},
                                     {"containerPort", binding.container_port},
                                     {"hostPort", binding.host_port},
                                     {"protocol", binding.protocol}});
    }
    return array;
}

json::Object describe_cluster(const Cluster& cluster, Store& store) {
    const auto tasks = store.tasks_of(cluster);
    const auto services = store.services_of(cluster);
    const auto active = std::count_if(services.begin(), services.end(), [](const Service* service) {
        return service->status == "ACTIVE";
    });
    return {{"clusterArn", cluster.arn},
            {"clusterName", cluster.name},
            {"status", cluster.status},
            {"registeredContainerInstancesCount", store.instances_of(cluster).size()},
            {"runningTasksCount", count_running(tasks)},
            {"pendingTasksCount", count_pending(tasks)},
            {"activeServicesCount", active},
            {"statistics", json::Array{}},
            {"tags", json::Array{}},
            {"settings", json::Array{}},
            {"capacityProviders", json::Array{}},
            {"defaultCapacityProviderStrategy", json::Array{}}};
}

json::Object describe_instance(const ContainerInstance& instance,
                               Store& store,
                               InstanceDetail detail,
                               const json::Storage& storage) {
    const auto tasks = store.tasks_on(instance);
    json::Array attributes(storage);
    attributes.reserve(instance.attributes.size());
    for (const auto& attribute : instance.attributes) {
        json::Object one({{"name", attribute.name}}, storage);
        put_text(one, "value", attribute.value);
        attributes.push_back(std::move(one));
    }
    json::Object version_info(storage);
    put_text(version_info, "agentVersion", instance.agent_version);
    put_text(version_info, "agentHash", instance.agent_hash);
    put_text(version_info, "dockerVersion", instance.docker_version);
    json::Object object(
        {{"containerInstanceArn", instance.arn},
         {"ec2InstanceId", instance.ec2_instance_id},
         {"version", instance.version},
         {"versionInfo", std::move(version_info)},
         {"remainingResources", describe_resources(store.remaining(instance), storage)},
         {"registeredResources", describe_resources(instance.registered, storage)},
         {"status", instance.status},
         {"agentConnected", instance.agent_connected},
         {"runningTasksCount", count_running(tasks)},
         {"pendingTasksCount", count_pending(tasks)},
         {"attributes", std::move(attributes)},
         {"registeredAt", epoch_seconds(instance.registered_at)},
         {"attachments", json::Array{}},
         {"tags", detail.tags ? instance.tags : json::Array{}}},
        storage);
    if (detail.health) object["healthStatus"] = describe_health(instance);
    return object;
}

json::Object describe_definition(const TaskDefinition& definition) {
    json::Object object = definition.definition;
    object["taskDefinitionArn"] = definition.arn;
    object["family"] = definition.family;
    object["revision"] = definition.revision;
    object["status"] = definition.active ? "ACTIVE" : "INACTIVE";
    object["networkMode"] = definition.network_mode;
    object["compatibilities"] =
        definition.network_mode == "awsvpc" ? json::Array{"EC2"} : json::Array{"EXTERNAL", "EC2"};
    object["registeredAt"] = epoch_seconds(definition.registered_at);
    for (const char* list : {"volumes", "placementConstraints", "requiresAttributes"}) {
        if (!object.contains(list)) object[list] = json::Array{};
    }
    return object;
}

json::Object describe_task(const Task& task, const Store& store) {
    json::Array containers;
    for (const auto& container : task.containers)
        containers.push_back(describe_container(container, task));
    json::Array attachments;
    if (task.interface) attachments.push_back(describe_attachment(*task.interface));
    const auto instance = store.instances.find(task.instance_arn);
    const bool connected = instance != store.instances.end() && instance->second.agent_connected;
    json::Object object{{"taskArn", task.arn},
                        {"clusterArn", store.arn("cluster/" + task.cluster)},
                        {"taskDefinitionArn", task.definition_arn},
                        {"containerInstanceArn", task.instance_arn},
                        {"group", task.group},
                        {"launchType", task.launch_type},
                        {"lastStatus", task.last_status},
                        {"desiredStatus", task.desired_status},
                        {"healthStatus", task.health()},
                        {"connectivity", connected ? "CONNECTED" : "DISCONNECTED"},
                        {"version", task.version},
                        {"cpu", std::to_string(task.uses.cpu)},
                        {"memory", std::to_string(task.uses.memory)},
                        {"containers", std::move(containers)},
                        {"overrides", task.overrides},
                        {"attributes", json::Array{}},
                        {"attachments", std::move(attachments)},
                        {"enableExecuteCommand", false},
                        {"tags", task.tags},
                        {"createdAt", epoch_seconds(task.created_at)}};
    put_text(object, "startedBy", task.started_by);
    put_text(object, "stopCode", task.stop_code);
    put_text(object, "stoppedReason", task.stopped_reason);
    put_time(object, "startedAt", task.started_at);
    put_time(object, "stoppingAt", task.stopping_at);
    put_time(object, "stoppedAt", task.stopped_at);
    put_time(object, "pullStartedAt", task.pull_started_at);
    put_time(object, "pullStoppedAt", task.pull_stopped_at);
    return object;
}

} // namespace squall::lab::ecs
