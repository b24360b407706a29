#include "ecs/control_plane.h"

#include "ecs/describe.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/agent_message.h"

namespace squall::lab::ecs {
namespace {

// In events AWS writes times as text, where its API gives numbers.
void times_as_text(json::Object& detail) {
    for (const char* name : {"registeredAt",
                             "createdAt",
                             "startedAt",
                             "stoppingAt",
                             "stoppedAt",
                             "pullStartedAt",
                             "pullStoppedAt"}) {
        if (auto* value = detail.if_contains(name))
            *value = rfc3339_millis(from_epoch_seconds(value->to_number<double>()));
    }
}

} // namespace

ControlPlane::ControlPlane(KeyRing& keys, const std::string& region)
    : keys_(keys), store_(keys.account(), region), events_(keys.account(), region) {}

std::optional<Answer> ControlPlane::call(const ApiCall& call) {
    static const OperationTable<ControlPlane> operations{
        {"CreateCluster", &ControlPlane::create_cluster},
        {"DeleteCluster", &ControlPlane::delete_cluster},
        {"DescribeClusters", &ControlPlane::describe_clusters},
        {"ListClusters", &ControlPlane::list_clusters},
        {"RegisterContainerInstance", &ControlPlane::register_container_instance},
        {"DeregisterContainerInstance", &ControlPlane::deregister_container_instance},
        {"DescribeContainerInstances", &ControlPlane::describe_container_instances},
        {"ListContainerInstances", &ControlPlane::list_container_instances},
        {"UpdateContainerInstancesState", &ControlPlane::update_container_instances_state},
        {"TagResource", &ControlPlane::tag_resource},
        {"UntagResource", &ControlPlane::untag_resource},
        {"ListTagsForResource", &ControlPlane::list_tags_for_resource},
        {"RegisterTaskDefinition", &ControlPlane::register_task_definition},
        {"DeregisterTaskDefinition", &ControlPlane::deregister_task_definition},
        {"DescribeTaskDefinition", &ControlPlane::describe_task_definition},
        {"ListTaskDefinitions", &ControlPlane::list_task_definitions},
        {"RunTask", &ControlPlane::run_task},
        {"StartTask", &ControlPlane::start_task},
        {"StopTask", &ControlPlane::stop_task},
        {"DescribeTasks", &ControlPlane::describe_tasks},
        {"ListTasks", &ControlPlane::list_tasks},
        {"CreateService", &ControlPlane::create_service},
        {"UpdateService", &ControlPlane::update_service},
        {"DeleteService", &ControlPlane::delete_service},
        {"DescribeServices", &ControlPlane::describe_services},
        {"ListServices", &ControlPlane::list_services},
        {"DiscoverPollEndpoint", &ControlPlane::discover_poll_endpoint},
        {"SubmitTaskStateChange", &ControlPlane::submit_task_state_change},
        {"SubmitContainerStateChange", &ControlPlane::submit_other_state_change},
        {"SubmitAttachmentStateChanges", &ControlPlane::submit_other_state_change},
    };
    return call_operation(*this, operations, call);
}

void ControlPlane::tick(WallTime now) {
    std::vector<std::string> lost;
    for (auto& [arn, session] : acs_) {
        if (session.silent_since && now - *session.silent_since > heartbeat_patience) {
            lost.push_back(arn);
        } else if (now >= session.next_heartbeat) {
            session.next_heartbeat = now + heartbeat_interval;
            if (!session.silent_since) session.silent_since = now;
            session.channel->send(wire::agent_message_text(
                "HeartbeatMessage", {{"healthy", true}, {"messageId", random_uuid()}}));
        }
    }
    for (auto& [id, session] : tcs_) {
        if (now < session.next_heartbeat) continue;
        session.next_heartbeat = now + heartbeat_interval;
        session.channel->send(wire::agent_message_text("HeartbeatMessage", {{"healthy", true}}));
    }
    for (const auto& arn : lost)
        disconnect(arn, now);
    provision_interfaces(now);
    if (now < next_schedule_) return;
    next_schedule_ = now + Seconds(1);
    for (auto& [arn, service] : store_.services)
        schedule(service, now);
    watch_connectivity(now);
    refresh_credentials(now);
    store_.forget_old_tasks(now);
}

void ControlPlane::changed(ContainerInstance& instance, WallTime now) {
    ++instance.version;
    json::Object detail = describe_instance(instance, store_, {.tags = true, .health = false});
    detail["clusterArn"] = store_.arn("cluster/" + instance.cluster);
    detail["updatedAt"] = rfc3339_millis(now);
    times_as_text(detail);
    events_.record("ECS Container Instance State Change", instance.arn, std::move(detail), now);
}

void ControlPlane::changed(Task& task, WallTime now) {
    ++task.version;
    json::Object detail = describe_task(task, store_);
    detail["updatedAt"] = rfc3339_millis(now);
    times_as_text(detail);
    events_.record("ECS Task State Change", task.arn, std::move(detail), now);
    if (ContainerInstance* instance = store_.instance_by_arn(task.instance_arn))
        changed(*instance, now);
}

} // namespace squall::lab::ecs
