// Keeps the tasks of a service as its deployments want them: the rules are in rollout.h, here they
// are carried out.
#include "ecs/control_plane.h"
#include "ecs/placement.h"
#include "ecs/service_text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::int64_t starts_per_round_max = 10;
// The same trouble is told again after this, and so is that all is well.
constexpr std::chrono::hours message_interval{6};

bool is_healthy(const Task& task, WallTime now) {
    if (task.last_status != "RUNNING" || task.desired_status != "RUNNING") return false;
    if (task.is_checked()) return task.health() == "HEALTHY";
    return task.started_at && now - *task.started_at >= settle_time;
}

} // namespace

ControlPlane::Rollout ControlPlane::rollout_of(const Service& service, WallTime now) {
    Rollout rollout;
    rollout.limits = RolloutLimits::of(
        service.desired_count, service.rules, service.primary().rollout_state == "FAILED");
    for (Task* task : store_.tasks_of_service(service)) {
        if (!is_live(*task)) continue;
        const ContainerInstance* instance = store_.instance_by_arn(task->instance_arn);
        RolloutTask view;
        view.stays = task->started_by == service.primary().id && instance != nullptr
                     && instance->status != "DRAINING";
        view.is_wanted = task->desired_status == "RUNNING";
        view.runs = task->last_status == "RUNNING";
        const TargetVerdict verdict = target_verdict(service, *task, now);
        view.is_healthy = is_healthy(*task, now) && verdict.is_healthy;
        view.is_unhealthy =
            view.runs && (task->health() == "UNHEALTHY" || verdict.unhealthy_in.has_value());
        view.created_at = task->created_at;
        rollout.tasks.push_back(task);
        rollout.views.push_back(view);
    }
    return rollout;
}

void ControlPlane::schedule(Service& service, WallTime now) {
    if (service.status == "INACTIVE") return;
    drop_old_deployments(service);
    register_targets(service, now);
    // Looked at anew only after a change: a service may have ten thousand tasks.
    Rollout rollout = rollout_of(service, now);
    if (watch_rollout(service, rollout, now)) rollout = rollout_of(service, now);
    if (start_missing(service, rollout, now)) rollout = rollout_of(service, now);
    if (stop_leaving(service, rollout, now)) rollout = rollout_of(service, now);
    conclude(service, rollout, now);
}

bool ControlPlane::watch_rollout(Service& service, const Rollout& rollout, WallTime now) {
    Deployment& primary = service.primary();
    for (std::size_t i = 0; i < rollout.tasks.size(); ++i) {
        if (!rollout.views[i].is_healthy || rollout.tasks[i]->started_by != primary.id) continue;
        primary.has_been_healthy = true;
        primary.failed_tasks = 0;
        break;
    }
    if (!service.rules.circuit_breaker || primary.rollout_state != "IN_PROGRESS"
        || primary.failed_tasks < failure_threshold(service.desired_count))
        return false;
    fail_deployment(service, now);
    return true;
}

bool ControlPlane::start_missing(Service& service, const Rollout& rollout, WallTime now) {
    auto missing = std::min(tasks_to_start(rollout.views, rollout.limits), starts_per_round_max);
    if (missing == 0 || (service.not_before && now < *service.not_before)) return false;
    const TaskDefinition* definition = store_.definition(service.primary().definition_arn);
    const auto cluster = store_.cluster(service.cluster);
    if (definition == nullptr || !cluster) return false;
    const Launch launch{definition,
                        "service:" + service.name,
                        service.primary().id,
                        {},
                        service.propagate_tags == "SERVICE"           ? service.tags
                        : service.propagate_tags == "TASK_DEFINITION" ? definition->tags
                                                                      : json::Array{},
                        service.primary().network};
    std::vector<const Task*> started;
    for (; missing > 0; --missing) {
        const Placement placement = place(
            **cluster, {definition, launch.group, &service.placement, launch.network}, store_);
        if (placement.instance == nullptr) {
            if (trouble(service, cannot_place_text(placement), now))
                record_action(service,
                              "ERROR",
                              "SERVICE_TASK_PLACEMENT_FAILURE",
                              cannot_place_reason(placement),
                              now);
            break;
        }
        started.push_back(&launch_task(*placement.instance, launch, now));
    }
    if (started.empty()) return false;
    // What kept the first of them back is over.
    if (missing == 0) service.trouble.clear();
    tell_started(service, rollout, started, now);
    return true;
}

void ControlPlane::tell_started(Service& service,
                                const Rollout& rollout,
                                const std::vector<const Task*>& started,
                                WallTime now) {
    std::string text = started_text(started);
    const auto unhealthy =
        std::count_if(rollout.views.begin(), rollout.views.end(), [](const RolloutTask& task) {
            return task.is_wanted && task.stays && task.is_unhealthy;
        });
    if (unhealthy > 0)
        text += fmt::format(
            " Amazon ECS replaced {} tasks due to an unhealthy status.",
            std::min<std::int64_t>(unhealthy, static_cast<std::int64_t>(started.size())));
    tell(service, text, now);
}

// Why the task is to stop.
std::string ControlPlane::tell_unhealthy(Service& service, const Task& task, WallTime now) {
    const TargetVerdict verdict = target_verdict(service, task, now);
    const std::string id = task.arn.substr(task.arn.rfind('/') + 1);
    if (!verdict.unhealthy_in) {
        tell(service, fmt::format("(task {}) failed container health checks.", id), now);
        return "Task failed container health checks";
    }
    const auto& [group, target, port] = *verdict.unhealthy_in;
    tell(service,
         fmt::format("({} {}) (port {}) is unhealthy in (target-group {}) due to (reason {}).",
                     task.interface ? "target" : "instance",
                     target,
                     port,
                     group,
                     verdict.reason),
         now);
    return fmt::format("Task failed ELB health checks in (target-group {})", group);
}

bool ControlPlane::stop_leaving(Service& service, const Rollout& rollout, WallTime now) {
    std::vector<const Task*> stopped;
    std::size_t pending = 0;
    for (const std::size_t i : tasks_to_stop(rollout.views, rollout.limits)) {
        Task& task = *rollout.tasks[i];
        std::string reason =
            fmt::format("Scaling activity initiated by (deployment {})", service.primary().id);
        if (rollout.views[i].is_unhealthy) {
            reason = tell_unhealthy(service, task, now);
            Deployment& primary = service.primary();
            if (task.started_by == primary.id && !primary.has_been_healthy) ++primary.failed_tasks;
        }
        if (rollout.views[i].runs)
            stopped.push_back(&task);
        else
            ++pending;
        stop(task, "ServiceSchedulerInitiated", reason, now);
    }
    if (!stopped.empty()) tell(service, stopped_text(stopped), now);
    if (pending > 0) tell(service, stopped_pending_text(pending), now);
    return !stopped.empty() || pending > 0;
}

void ControlPlane::conclude(Service& service, const Rollout& rollout, WallTime now) {
    if (service.status == "DRAINING") {
        if (rollout.tasks.empty()) service.status = "INACTIVE";
        return;
    }
    if (is_blocked(rollout.views, rollout.limits))
        static_cast<void>(trouble(service,
                                  "was unable to stop or start tasks during a deployment because "
                                  "of the service deployment configuration. Update the "
                                  "minimumHealthyPercent or maximumPercent value and try again.",
                                  now));
    if (!is_steady(rollout.views, service.desired_count)) return service.steady_told_at.reset();
    // An old deployment whose tasks are still on their way out is not over.
    drop_old_deployments(service);
    if (service.deployments.size() > 1) return;
    if (service.primary().rollout_state == "IN_PROGRESS") complete_deployment(service, now);
    if (service.steady_told_at && now - *service.steady_told_at < message_interval) return;
    service.steady_told_at = now;
    service.trouble.clear();
    tell(service, "has reached a steady state.", now);
    record_action(service, "INFO", "SERVICE_STEADY_STATE", {}, now);
}

bool ControlPlane::trouble(Service& service, std::string text, WallTime now) {
    const bool is_old = service.trouble == text && service.trouble_told_at
                        && now - *service.trouble_told_at < message_interval;
    if (is_old) return false;
    service.trouble = std::move(text);
    service.trouble_told_at = now;
    tell(service, service.trouble, now);
    return true;
}

} // namespace squall::lab::ecs
