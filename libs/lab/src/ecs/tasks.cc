#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/network_configuration.h"
#include "ecs/parameters.h"
#include "ecs/placement.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::int64_t tasks_per_call_max = 10;

Container new_container(const json::Value& definition, const std::string& arn) {
    Container container;
    container.arn = arn;
    container.name = json::string_at(definition, "name");
    container.image = json::string_at(definition, "image");
    container.cpu = json::integer_at(definition, "cpu");
    container.memory =
        json::integer_at(definition, "memory", json::integer_at(definition, "memoryReservation"));
    container.essential = json::bool_at(definition, "essential", /*otherwise=*/true);
    container.has_health_check = json::at(definition, "healthCheck").is_object();
    return container;
}

// What RunTask and StartTask check alike.
Result<void, wire::ServiceError> check_launch(const json::Object& body) {
    constexpr std::size_t started_by_max = 128;
    constexpr std::size_t overrides_max = 8192;
    if (json::string_at(body, "startedBy").size() > started_by_max)
        return invalid_parameter("startedBy can have at most 128 characters.");
    if (json::text(json::at(body, "overrides")).size() > overrides_max)
        return invalid_parameter("Container Overrides length must be at most 8192");
    // Those tasks are a scheduler's, and it would stop what it did not start.
    if (json::string_at(body, "group").starts_with("service:"))
        return invalid_parameter("Invalid namespace for group.");
    if (const auto tags = tags_of(body); !tags) return fail(tags.error());
    return {};
}

} // namespace

Task& ControlPlane::launch_task(ContainerInstance& instance, const Launch& launch, WallTime now) {
    Task task;
    task.arn = store_.arn(fmt::format("task/{}/{}", instance.cluster, random_hex(32)));
    task.cluster = instance.cluster;
    task.instance_arn = instance.arn;
    task.definition_arn = launch.definition->arn;
    task.group = launch.group;
    task.launch_type = instance.launch_type();
    task.started_by = launch.started_by;
    task.created_at = now;
    task.uses = launch.definition->needs;
    task.overrides = launch.overrides;
    task.tags = launch.tags;
    for (const auto& definition :
         json::array_at(launch.definition->definition, "containerDefinitions")) {
        task.containers.push_back(new_container(
            definition,
            store_.arn(fmt::format("container/{}/{}", instance.cluster, random_uuid()))));
    }
    if (launch.network) prepare_interface(task, instance, *launch.network);
    Task& stored = store_.add_task(std::move(task));
    changed(stored, now);
    deliver(instance.arn, now);
    return stored;
}

void ControlPlane::stop(Task& task,
                        std::string_view stop_code,
                        std::string_view reason,
                        WallTime now) {
    if (task.desired_status == "STOPPED") return;
    task.desired_status = "STOPPED";
    task.stop_code = stop_code;
    task.stopped_reason = reason;
    task.stopping_at = now;
    deregister_targets(task, now);
    changed(task, now);
    deliver(task.instance_arn, now);
}

void ControlPlane::finish(Task& task, WallTime now) {
    if (!is_live(task)) return;
    task.desired_status = "STOPPED";
    deregister_targets(task, now);
    remove_interface(task, now);
    task.last_status = "STOPPED";
    task.stopped_at = now;
    if (!task.stopping_at) task.stopping_at = now;
    credentials_expire_.erase(task.arn);
    for (auto& container : task.containers)
        container.last_status = "STOPPED";
    changed(task, now);
    note_task_end(task, now);
}

Result<ControlPlane::Launch, wire::ServiceError> ControlPlane::launch_of(const json::Object& body) {
    const auto definition = active_definition(json::string_at(body, "taskDefinition"));
    if (!definition) return fail(definition.error());
    if (auto checked = check_launch(body); !checked) return fail(checked.error());
    auto network = read_network_configuration(body, **definition, store_.region());
    if (!network) return fail(network.error());
    return Launch{*definition,
                  std::string(json::string_at(body, "group", "family:" + (*definition)->family)),
                  std::string(json::string_at(body, "startedBy")),
                  json::object_at(body, "overrides"),
                  json::array_at(body, "tags"),
                  std::move(*network)};
}

Answer ControlPlane::run_task(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto launch = launch_of(call.body);
    if (!launch) return fail(launch.error());
    const auto count = json::integer_at(call.body, "count", 1);
    if (count < 1 || count > tasks_per_call_max)
        return invalid_parameter("count must be between 1 and 10.");
    const auto rules = read_placement_rules(call.body);
    if (!rules) return fail(rules.error());
    if (store_.instances_of(**cluster).empty())
        return invalid_parameter("No Container Instances were found in your cluster.");
    if (store_.tasks.size() >= Store::tasks_max)
        return refuse("LimitExceededException", "The limit of tasks has been reached.");

    json::Array tasks;
    json::Array failures;
    for (std::int64_t i = 0; i < count; ++i) {
        const Placement placement =
            place(**cluster, {launch->definition, launch->group, &*rules, launch->network}, store_);
        if (placement.instance != nullptr) {
            tasks.push_back(
                describe_task(launch_task(*placement.instance, *launch, call.now), store_));
            continue;
        }
        if (placement.refusals.empty())
            return invalid_parameter("No Container Instances were found in your cluster.");
        for (const auto& [arn, reason] : placement.refusals)
            failures.push_back(describe_failure(arn, reason));
        break; // the next one would be refused for the same reasons
    }
    return answer({{"tasks", std::move(tasks)}, {"failures", std::move(failures)}});
}

Answer ControlPlane::start_task(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto launch = launch_of(call.body);
    if (!launch) return fail(launch.error());
    const auto references = texts_at(call.body, "containerInstances", tasks_per_call_max);
    if (!references) return fail(references.error());
    if (references->empty()) return invalid_parameter("Container instances cannot be empty.");
    // Who names the instance has placed the task: constraints are not asked.
    const PlacementRequest request{launch->definition, launch->group, nullptr, launch->network};
    json::Array tasks;
    json::Array failures;
    for (const auto& reference : *references) {
        ContainerInstance* instance = store_.instance(**cluster, reference);
        const auto reason =
            instance == nullptr
                ? std::optional<std::string>("MISSING")
                : refusal(*instance, request, PlacementConstraints(request), store_);
        if (reason)
            failures.push_back(
                describe_failure(instance == nullptr ? reference : instance->arn, *reason));
        else
            tasks.push_back(describe_task(launch_task(*instance, *launch, call.now), store_));
    }
    return answer({{"tasks", std::move(tasks)}, {"failures", std::move(failures)}});
}

Answer ControlPlane::stop_task(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    Task* task = store_.task(**cluster, json::string_at(call.body, "task"));
    if (task == nullptr) return invalid_parameter("The referenced task was not found.");
    stop(*task,
         "UserInitiated",
         json::string_at(call.body, "reason", "Task stopped by user"),
         call.now);
    return answer({{"task", describe_task(*task, store_)}});
}

Answer ControlPlane::describe_tasks(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto references = texts_at(call.body, "tasks", 100);
    if (!references) return fail(references.error());
    if (references->empty()) return invalid_parameter("Tasks cannot be empty.");
    json::Array tasks;
    json::Array failures;
    for (const auto& reference : *references) {
        const Task* task = store_.task(**cluster, reference);
        if (task != nullptr) {
            json::Object described = describe_task(*task, store_);
            if (!includes(call.body, "TAGS")) described["tags"] = json::Array{};
            tasks.push_back(std::move(described));
        } else {
            failures.push_back(describe_failure(
                reference.starts_with("arn:")
                    ? reference
                    : store_.arn(fmt::format("task/{}/{}", (*cluster)->name, reference)),
                "MISSING"));
        }
    }
    return answer({{"tasks", std::move(tasks)}, {"failures", std::move(failures)}});
}

Answer ControlPlane::list_tasks(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto size = page_size_of(call.body);
    if (!size) return fail(size.error());
    // AWS's default; PENDING is accepted and never matches, because no task is ever desired to be
    // pending.
    const std::string_view desired = json::string_at(call.body, "desiredStatus", "RUNNING");
    if (desired != "RUNNING" && desired != "PENDING" && desired != "STOPPED")
        return invalid_parameter("desiredStatus must be RUNNING, PENDING or STOPPED.");
    const std::string_view family = json::string_at(call.body, "family");
    const std::string_view started_by = json::string_at(call.body, "startedBy");
    const std::string_view service_name = json::string_at(call.body, "serviceName");
    const std::string_view instance_reference = json::string_at(call.body, "containerInstance");
    const ContainerInstance* instance =
        instance_reference.empty() ? nullptr : store_.instance(**cluster, instance_reference);
    if (!instance_reference.empty() && instance == nullptr)
        return invalid_parameter("Referenced container instance not found.");
    const Service* service =
        service_name.empty() ? nullptr : store_.service(**cluster, service_name);
    if (!service_name.empty() && service == nullptr)
        return refuse("ServiceNotFoundException", "Service not found.");
    std::vector<std::string> arns;
    for (const Task* task : store_.tasks_of(**cluster)) {
        const std::string_view definition =
            std::string_view(task->definition_arn).substr(task->definition_arn.rfind('/') + 1);
        if (task->desired_status != desired) continue;
        if (!family.empty() && split_once(definition, ':').first != family) continue;
        if (!started_by.empty() && task->started_by != started_by) continue;
        if (service != nullptr && task->group != "service:" + service->name) continue;
        if (instance != nullptr && task->instance_arn != instance->arn) continue;
        arns.push_back(task->arn);
    }
    return list_answer("taskArns", page_of(arns, json::string_at(call.body, "nextToken"), *size));
}

} // namespace squall::lab::ecs
