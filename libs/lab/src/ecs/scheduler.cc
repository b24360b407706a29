// Keeps the tasks of a service at its desired count.
#include "ecs/control_plane.h"
#include "ecs/placement.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::size_t messages_max = 100; // as many as DescribeServices shows
constexpr int starts_per_round_max = 10;
// ECS goes on to 27 minutes; nobody waits that long for a lab.
constexpr Seconds failed_start_delay_max{60};
constexpr Seconds placement_message_interval{60};

constexpr std::string_view cannot_place_intro =
    "was unable to place a task because no container instance met all of its requirements.";

std::string why_text(const Placement& placement) {
    if (placement.refusals.empty())
        return "Reason: No Container Instances were found in your cluster.";
    const auto& [arn, reason] = placement.refusals.front();
    const std::string id = arn.substr(arn.rfind('/') + 1);
    const std::string closest = fmt::format("The closest matching (container-instance {}) ", id);
    if (reason == "AGENT") return closest + "has its agent disconnected.";
    if (reason == "RESOURCE:CPU") return closest + "has insufficient CPU units available.";
    if (reason == "RESOURCE:MEMORY") return closest + "has insufficient memory available.";
    if (reason == "RESOURCE:PORTS")
        return closest + "is already using a port required by your task.";
    if (reason == "ATTRIBUTE") return closest + "is missing an attribute required by your task.";
    return closest + "is not active.";
}

} // namespace

void ControlPlane::tell(Service& service, std::string text, WallTime now) {
    service.messages.insert(
        service.messages.begin(),
        {random_uuid(), now, fmt::format("(service {}) {}", service.name, text)});
    if (service.messages.size() > messages_max) service.messages.pop_back();
}

void ControlPlane::note_task_end(const Task& task, WallTime now) {
    if (!task.group.starts_with("service:")) return;
    const auto found = store_.services.find(
        store_.arn(fmt::format("service/{}/{}", task.cluster, task.group.substr(8))));
    if (found == store_.services.end() || task.stop_code == "ServiceSchedulerInitiated"
        || task.stop_code == "UserInitiated")
        return;
    Service& service = found->second;
    // Only what never ran counts: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/
    // service-throttle-logic.html
    if (task.started_at) {
        service.failed_starts = 0;
        return;
    }
    ++service.failed_starts;
    const auto delay =
        std::min(failed_start_delay_max, Seconds(1 << std::min(service.failed_starts, 6)));
    service.not_before = now + delay;
    if (service.failed_starts == 3)
        tell(service, "is unable to consistently start tasks successfully.", now);
}

void ControlPlane::schedule(Service& service, WallTime now) {
    if (service.status == "INACTIVE") return;
    auto tasks = store_.tasks_of_service(service);
    std::erase_if(tasks, [](const Task* task) { return !is_live(*task); });
    const bool no_tasks = tasks.empty();
    drain(service, tasks, now);
    const auto wanted = std::count_if(tasks.begin(), tasks.end(), [](const Task* task) {
        return task->desired_status == "RUNNING";
    });
    const auto running = std::count_if(tasks.begin(), tasks.end(), [](const Task* task) {
        return task->desired_status == "RUNNING" && task->last_status == "RUNNING";
    });
    if (service.status == "DRAINING" && no_tasks) {
        service.status = "INACTIVE";
        return;
    }
    // Too many: the youngest go first.
    std::sort(tasks.begin(), tasks.end(), [](const Task* a, const Task* b) {
        return a->created_at > b->created_at;
    });
    auto surplus = wanted - service.desired_count;
    for (Task* task : tasks) {
        if (surplus <= 0) break;
        if (task->desired_status != "RUNNING") continue;
        stop(*task,
             "ServiceSchedulerInitiated",
             fmt::format("Scaling activity initiated by (deployment {})", service.deployment_id),
             now);
        tell(service,
             fmt::format("has stopped 1 running tasks: (task {}).",
                         task->arn.substr(task->arn.rfind('/') + 1)),
             now);
        --surplus;
    }
    if (running == service.desired_count && wanted == service.desired_count) {
        if (!service.was_steady) tell(service, "has reached a steady state.", now);
        service.was_steady = true;
        return;
    }
    service.was_steady = false;
    if (service.not_before && now < *service.not_before) return;
    const TaskDefinition* definition = store_.definition(service.definition_arn);
    const auto cluster = store_.cluster(service.cluster);
    if (definition == nullptr || !cluster) return;
    const Launch launch{definition, "service:" + service.name, service.deployment_id, {}, {}};
    for (std::int64_t missing =
             std::min<std::int64_t>(service.desired_count - wanted, starts_per_round_max);
         missing > 0;
         --missing) {
        const Placement placement = place(**cluster, *definition, launch.group, store_);
        if (placement.instance == nullptr) {
            if (!service.placement_told_at
                || now - *service.placement_told_at >= placement_message_interval) {
                tell(service, fmt::format("{} {}", cannot_place_intro, why_text(placement)), now);
                service.placement_told_at = now;
            }
            return;
        }
        const Task& task = launch_task(*placement.instance, launch, now);
        tell(service,
             fmt::format("has started 1 tasks: (task {}).",
                         task.arn.substr(task.arn.rfind('/') + 1)),
             now);
    }
}

} // namespace squall::lab::ecs
