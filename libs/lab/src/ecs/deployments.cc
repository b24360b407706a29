// The life of a deployment: begun, completed, or failed and rolled back; and what is told of it.
#include "ecs/control_plane.h"
#include "ecs/service_text.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::size_t messages_max = 100; // as many as DescribeServices shows

std::string new_deployment_id() {
    return fmt::format("ecs-svc/{:019}", std::strtoull(random_hex(15).c_str(), nullptr, 16));
}

void enter(Deployment& deployment, std::string_view state, std::string reason, WallTime now) {
    deployment.rollout_state = state;
    deployment.rollout_reason = std::move(reason);
    deployment.updated_at = now;
}

} // namespace

void ControlPlane::tell(Service& service, std::string_view text, WallTime now) {
    service.messages.insert(
        service.messages.begin(),
        {random_uuid(), now, fmt::format("(service {}) {}", service.name, text)});
    if (service.messages.size() > messages_max) service.messages.pop_back();
}

void ControlPlane::record_action(const Service& service,
                                 std::string_view event_type,
                                 std::string_view event_name,
                                 std::string_view reason,
                                 WallTime now) {
    json::Object detail{{"eventType", event_type},
                        {"eventName", event_name},
                        {"clusterArn", store_.arn("cluster/" + service.cluster)},
                        {"createdAt", rfc3339_millis(now)}};
    if (!reason.empty()) detail["reason"] = reason;
    events_.record("ECS Service Action", service.arn, std::move(detail), now);
}

void ControlPlane::record_deployment(const Service& service, WallTime now) {
    const Deployment& deployment = service.primary();
    const bool has_failed = deployment.rollout_state == "FAILED";
    events_.record("ECS Deployment State Change",
                   service.arn,
                   {{"eventType", has_failed ? "ERROR" : "INFO"},
                    {"eventName", "SERVICE_DEPLOYMENT_" + deployment.rollout_state},
                    {"deploymentId", deployment.id},
                    {"updatedAt", rfc3339_millis(now)},
                    {"reason", deployment.rollout_reason}},
                   now);
}

void ControlPlane::begin_deployment(Service& service,
                                    const TaskDefinition& definition,
                                    std::optional<NetworkConfiguration> network,
                                    WallTime now) {
    Deployment deployment;
    deployment.id = new_deployment_id();
    deployment.definition_arn = definition.arn;
    deployment.network = std::move(network);
    deployment.created_at = now;
    enter(deployment,
          "IN_PROGRESS",
          fmt::format("ECS deployment {} in progress.", deployment.id),
          now);
    service.deployments.insert(service.deployments.begin(), std::move(deployment));
    // With something new to start, ECS starts as if nothing had ever failed.
    service.failed_starts = 0;
    service.not_before.reset();
    service.steady_told_at.reset();
    service.trouble.clear();
    record_deployment(service, now);
}

void ControlPlane::complete_deployment(Service& service, WallTime now) {
    Deployment& deployment = service.primary();
    enter(deployment, "COMPLETED", fmt::format("ECS deployment {} completed.", deployment.id), now);
    service.last_completed = deployment;
    tell(service, fmt::format("(deployment {}) deployment completed.", deployment.id), now);
    record_deployment(service, now);
}

void ControlPlane::fail_deployment(Service& service, WallTime now) {
    Deployment& failed = service.primary();
    enter(failed, "FAILED", "ECS deployment circuit breaker: tasks failed to start.", now);
    tell(service,
         fmt::format("(deployment {}) deployment failed: tasks failed to start.", failed.id),
         now);
    record_deployment(service, now);
    if (!service.rules.rollback || !service.last_completed) return;
    // The deployment that was good becomes PRIMARY again, under its own id.
    Deployment good = *service.last_completed;
    std::erase_if(service.deployments,
                  [&](const Deployment& deployment) { return deployment.id == good.id; });
    enter(good,
          "IN_PROGRESS",
          fmt::format("ECS deployment circuit breaker: rolling back to deploymentId {}.", good.id),
          now);
    tell(service, fmt::format("rolling back to deployment {}.", good.id), now);
    service.deployments.insert(service.deployments.begin(), std::move(good));
    service.failed_starts = 0;
    service.not_before.reset();
    record_deployment(service, now);
}

void ControlPlane::drop_old_deployments(Service& service) {
    if (service.deployments.size() == 1) return;
    const auto tasks = store_.tasks_of_service(service);
    const auto is_over = [&](const Deployment& deployment) {
        return std::none_of(tasks.begin(), tasks.end(), [&](const Task* task) {
            return is_live(*task) && task->started_by == deployment.id;
        });
    };
    service.deployments.erase(
        std::remove_if(service.deployments.begin() + 1, service.deployments.end(), is_over),
        service.deployments.end());
}

void ControlPlane::note_task_end(const Task& task, WallTime now) {
    const auto found = store_.services.find(store_.service_arn_of(task));
    // What somebody wanted is no failure, and neither is the end of the machine.
    if (found == store_.services.end() || task.stop_code == "ServiceSchedulerInitiated"
        || task.stop_code == "UserInitiated" || task.stop_code == "TerminationNotice")
        return;
    Service& service = found->second;
    Deployment& primary = service.primary();
    if (task.started_by == primary.id && !primary.has_been_healthy
        && (!task.started_at || now - *task.started_at < settle_time))
        ++primary.failed_tasks;
    // Only what never ran makes the next one wait: https://docs.aws.amazon.com/AmazonECS/latest/
    // developerguide/service-throttle-logic.html
    if (task.started_at) {
        service.failed_starts = 0;
        return;
    }
    ++service.failed_starts;
    // ECS goes on to 27 minutes; nobody waits that long for a lab.
    constexpr Seconds delay_max{60};
    service.not_before =
        now + std::min(delay_max, Seconds(1 << std::min(service.failed_starts, 6)));
    constexpr int impaired_after = 3;
    if (service.failed_starts != impaired_after) return;
    tell(service,
         fmt::format("is unable to consistently start tasks successfully.{}", see_manual),
         now);
    record_action(service, "WARN", "SERVICE_TASK_START_IMPAIRED", {}, now);
}

} // namespace squall::lab::ecs
