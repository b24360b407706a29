// Draining: an instance that takes no new tasks and gives away those of services.
#include "ecs/control_plane.h"
#include "ecs/describe.h"
#include "ecs/parameters.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::size_t instances_per_call_max = 10;

} // namespace

Answer ControlPlane::update_container_instances_state(const ApiCall& call) {
    const auto cluster = store_.cluster(json::string_at(call.body, "cluster"));
    if (!cluster) return fail(cluster.error());
    const auto references = texts_at(call.body, "containerInstances", instances_per_call_max);
    if (!references) return fail(references.error());
    if (references->empty()) return invalid_parameter("Container instances cannot be empty.");
    const std::string_view status = json::string_at(call.body, "status");
    if (status != "ACTIVE" && status != "DRAINING")
        return invalid_parameter("Container instances can be made ACTIVE or DRAINING.");
    json::Array instances;
    json::Array failures;
    for (const auto& reference : *references) {
        ContainerInstance* instance = store_.instance(**cluster, reference);
        if (instance == nullptr) {
            failures.push_back(describe_missing_instance(**cluster, reference, store_));
            continue;
        }
        if (instance->status != status) {
            instance->status = status;
            changed(*instance, call.now);
        }
        instances.push_back(describe_instance(*instance, store_, {}));
    }
    for (auto& [arn, service] : store_.services) {
        if (service.cluster == (*cluster)->name) schedule(service, call.now);
    }
    return answer(
        {{"containerInstances", std::move(instances)}, {"failures", std::move(failures)}});
}

void ControlPlane::drain(Service& service, std::vector<Task*>& tasks, WallTime now) {
    const auto is_leaving = [&](const Task* task) {
        const ContainerInstance* instance = store_.instance_by_arn(task->instance_arn);
        return instance != nullptr && instance->status == "DRAINING";
    };
    const auto leaving = std::stable_partition(
        tasks.begin(), tasks.end(), [&](const Task* task) { return !is_leaving(task); });
    const auto running = std::count_if(tasks.begin(), leaving, [](const Task* task) {
        return task->desired_status == "RUNNING" && task->last_status == "RUNNING";
    });
    for (auto entry = leaving; entry != tasks.end(); ++entry) {
        Task& task = **entry;
        if (task.desired_status != "RUNNING") continue;
        const bool runs = task.last_status == "RUNNING";
        // One that runs stays until enough others run.
        if (runs && running < service.desired_count) continue;
        stop(task,
             "ServiceSchedulerInitiated",
             fmt::format("Scaling activity initiated by (deployment {})", service.deployment_id),
             now);
        tell(service,
             fmt::format("has stopped 1 running tasks: (task {}).",
                         task.arn.substr(task.arn.rfind('/') + 1)),
             now);
    }
    tasks.erase(leaving, tasks.end());
}

} // namespace squall::lab::ecs
