#include "faults/ecs_container_http_tasks.h"

#include "faults/ecs_container_http_tunables.h"
#include "squall/base/text.h"

#include <algorithm>
#include <map>

namespace squall::experiment {
namespace {

bool maps(const aws::ContainerDefinition& container, std::int64_t port) {
    return std::any_of(
        container.ports.begin(), container.ports.end(), [&](const aws::PortMapping& mapping) {
            return mapping.protocol == "tcp" && mapping.first <= port && port <= mapping.last;
        });
}

// "web: 80, 8080; log: nothing".
std::string exposed_text(const aws::TaskDefinition& definition) {
    std::vector<std::string> parts;
    for (const auto& container : definition.containers) {
        std::vector<std::string> ports;
        for (const auto& mapping : container.ports)
            ports.push_back(
                mapping.first == mapping.last
                    ? fmt::format("{}/{}", mapping.first, mapping.protocol)
                    : fmt::format("{}-{}/{}", mapping.first, mapping.last, mapping.protocol));
        parts.push_back(fmt::format(
            "{} exposes {}", container.name, ports.empty() ? "none" : join(ports, ", ")));
    }
    return join(parts, "; ");
}

std::string names_of(const std::vector<const aws::ContainerDefinition*>& containers) {
    std::vector<std::string> names;
    for (const auto* container : containers)
        names.push_back(container->name);
    return join(names, ", ");
}

Result<std::vector<aws::Task>> describe(World& world,
                                        const std::string& cluster,
                                        const std::vector<std::string>& ids,
                                        Deadline deadline,
                                        const std::stop_token& stop) {
    const auto described = world.ecs.describe_tasks(cluster, ids, deadline, stop);
    if (!described) return fail(aws::to_error(described.error()));
    std::vector<std::string> missing;
    for (const auto& failure : described->failures)
        missing.push_back(id_of(failure.arn));
    if (!missing.empty())
        return fail(Errc::not_found,
                    "{} has no task {}: see `aws ecs list-tasks`, and check TASK_REPLICA_ID",
                    cluster,
                    join(missing, ", or "));
    return described->found;
}

Result<std::vector<aws::Task>> named_tasks(World& world,
                                           const std::string& cluster,
                                           const TunableValues& values,
                                           Deadline deadline,
                                           const std::stop_token& stop) {
    auto tasks = describe(world, cluster, values.list("TASK_REPLICA_ID"), deadline, stop);
    if (!tasks) return tasks;
    for (const auto& task : *tasks) {
        if (task.last_status != "RUNNING")
            return fail(Errc::refused,
                        "the task {} is {}, and not RUNNING: TASK_REPLICA_ID means running tasks",
                        id_of(task.arn),
                        task.last_status);
    }
    return tasks;
}

// What stopped between the list and the look is not meant any more.
Result<std::vector<aws::Task>> service_tasks(World& world,
                                             const std::string& cluster,
                                             const std::string& service,
                                             Deadline deadline,
                                             const std::stop_token& stop) {
    const auto arns = world.ecs.list_tasks(cluster, {"RUNNING", {}, service}, deadline, stop);
    if (!arns) return fail(aws::to_error(arns.error()));
    const auto described = world.ecs.describe_tasks(cluster, *arns, deadline, stop);
    if (!described) return fail(aws::to_error(described.error()));
    std::vector<aws::Task> tasks;
    for (const auto& task : described->found) {
        if (task.last_status == "RUNNING") tasks.push_back(task);
    }
    if (tasks.empty())
        return fail(Errc::not_found,
                    "the service '{}' has no running task in {}: see its events (`aws ecs "
                    "describe-services`)",
                    service,
                    cluster);
    return tasks;
}

Result<std::optional<aws::EcsService>> find_service(World& world,
                                                    const std::string& cluster,
                                                    const std::string& name,
                                                    Deadline deadline,
                                                    const std::stop_token& stop) {
    using Found = std::optional<aws::EcsService>;
    if (name.empty()) return Found();
    const std::vector<std::string> names{name};
    const auto services = world.ecs.describe_services(cluster, names, deadline, stop);
    if (!services) return fail(aws::to_error(services.error()));
    if (services->found.empty())
        return fail(Errc::not_found,
                    "there is no service '{}' in {}: check SERVICE_NAME and CLUSTER_NAME",
                    name,
                    cluster);
    return Found(services->found.front());
}

// Where clients on the host, or beyond it, reach the container's port.
std::int64_t host_port_of(const aws::Task& task, const TargetTask& target) {
    if (target.network_mode != "bridge") return target.port;
    for (const auto& container : task.containers) {
        if (container.name != target.container) continue;
        for (const auto& binding : container.bindings) {
            if (binding.container_port == target.port && binding.protocol == "tcp")
                return binding.host_port;
        }
    }
    return 0;
}

Result<HttpTask> http_task(const aws::Task& task,
                           const aws::TaskDefinition& definition,
                           const TunableValues& values) {
    if (task.launch_type == "FARGATE" || task.container_instance_arn.empty())
        return fail(Errc::refused,
                    "the task {} runs on Fargate: this fault needs a container instance (EC2 or "
                    "external)",
                    id_of(task.arn));
    const auto container = container_of(definition, values);
    if (!container) return fail("the task " + id_of(task.arn), container.error());
    HttpTask found{task, {}, (*container)->health_command};
    found.target = {id_of(task.arn),
                    task.arn,
                    (*container)->name,
                    definition.network_mode,
                    target_ports(values).front(),
                    0,
                    0};
    found.target.host_port = host_port_of(task, found.target);
    return found;
}

// In host mode and in awsvpc mode the containers of a task share their ports.
Result<void> check_proxy_port(const aws::TaskDefinition& definition, const TunableValues& values) {
    const auto port = values.number("PROXY_PORT");
    for (const auto& container : definition.containers) {
        if (maps(container, port))
            return fail(Errc::refused,
                        "PROXY_PORT={} is a port of the container {} itself: choose another",
                        port,
                        container.name);
    }
    return {};
}

} // namespace

std::string id_of(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

Result<const aws::ContainerDefinition*> container_of(const aws::TaskDefinition& definition,
                                                     const TunableValues& values) {
    const auto ports = target_ports(values);
    const std::int64_t port = ports.front();
    const std::string& wanted = values.text("CONTAINER_NAME");
    if (definition.network_mode == "none")
        return fail(Errc::refused, "it has no network (network mode none)");
    std::vector<const aws::ContainerDefinition*> all;
    std::vector<const aws::ContainerDefinition*> mapping;
    std::vector<const aws::ContainerDefinition*> essential;
    bool is_any_mapped = false;
    for (const auto& container : definition.containers) {
        all.push_back(&container);
        is_any_mapped = is_any_mapped || !container.ports.empty();
        if (!wanted.empty() && container.name != wanted) continue;
        if (maps(container, port)) mapping.push_back(&container);
        if (container.essential || !wanted.empty()) essential.push_back(&container);
    }
    const bool is_there = std::any_of(
        all.begin(), all.end(), [&](const auto* container) { return container->name == wanted; });
    if (!wanted.empty() && !is_there)
        return fail(Errc::not_found,
                    "it has no container '{}': CONTAINER_NAME is one of {}",
                    wanted,
                    names_of(all));
    if (mapping.size() == 1) {
        for (const auto other : ports) {
            if (!maps(*mapping.front(), other))
                return fail(Errc::not_found,
                            "the container {} does not expose {} of TARGET_SERVICE_PORT={}: {}",
                            mapping.front()->name,
                            other,
                            values.text("TARGET_SERVICE_PORT"),
                            exposed_text(definition));
        }
        return mapping.front();
    }
    if (mapping.size() > 1)
        return fail(Errc::invalid_input,
                    "port {} is exposed by several containers: set CONTAINER_NAME to one of {}",
                    port,
                    names_of(mapping));
    // In these modes a container is reached on ports that nobody has written down.
    if (is_any_mapped || definition.network_mode == "bridge")
        return fail(Errc::not_found,
                    "no container exposes TARGET_SERVICE_PORT={}: {}",
                    port,
                    exposed_text(definition));
    if (essential.size() == 1) return essential.front();
    return fail(Errc::invalid_input,
                "its definition maps no port, and several containers could serve {}: set "
                "CONTAINER_NAME to one of {}",
                port,
                names_of(all));
}

Result<HttpTasks> find_http_tasks(World& world,
                                  const std::string& cluster,
                                  const TunableValues& values,
                                  Deadline deadline,
                                  const std::stop_token& stop) {
    const bool is_named = !values.text("TASK_REPLICA_ID").empty();
    HttpTasks found;
    if (!is_named) {
        auto service = find_service(world, cluster, values.text("SERVICE_NAME"), deadline, stop);
        if (!service) return fail(service.error());
        found.service = std::move(*service);
    }
    const auto tasks =
        is_named ? named_tasks(world, cluster, values, deadline, stop)
                 : service_tasks(world, cluster, values.text("SERVICE_NAME"), deadline, stop);
    if (!tasks) return fail(tasks.error());
    std::map<std::string, aws::TaskDefinition> definitions;
    for (const auto& task : *tasks) {
        auto known = definitions.find(task.task_definition_arn);
        if (known == definitions.end()) {
            auto definition =
                world.ecs.describe_task_definition(task.task_definition_arn, deadline, stop);
            if (!definition) return fail(aws::to_error(definition.error()));
            known = definitions.emplace(task.task_definition_arn, std::move(*definition)).first;
            if (auto free = check_proxy_port(known->second, values); !free)
                return fail(free.error());
        }
        auto one = http_task(task, known->second, values);
        if (!one) return fail(one.error());
        found.tasks.push_back(std::move(*one));
    }
    found.definitions = definitions.size();
    std::sort(found.tasks.begin(), found.tasks.end(), [](const HttpTask& a, const HttpTask& b) {
        return a.target.id < b.target.id;
    });
    return found;
}

} // namespace squall::experiment
