// The ECS control plane of one region: its API, its scheduler and its end of the agents' protocol,
// without sockets, threads or clocks. Single-threaded; time comes in with every call.
#pragma once

#include "api/call.h"
#include "api/key_ring.h"
#include "ecs/agent_link.h"
#include "ecs/event_log.h"
#include "ecs/rollout.h"
#include "ecs/store.h"

namespace squall::lab::ecs {

class InterfacePlug;
class TargetGroups;

class ControlPlane {
public:
    // The real service sends one about this often; an agent gives up after a minute of silence.
    static constexpr Seconds heartbeat_interval{10};
    // An agent that has left a heartbeat unanswered for this long is disconnected (a frozen agent
    // keeps its sockets open, so the sockets alone prove nothing).
    static constexpr Seconds heartbeat_patience{30};

    // An agent that has been gone for so long impairs its instance's health.
    static constexpr Seconds connectivity_patience{300};

    ControlPlane(KeyRing& keys, const std::string& region);

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // Why an agent that says this may not open ACS; nothing when it may.
    [[nodiscard]] std::optional<wire::ServiceError> acs_refusal(const AgentHello& hello);
    // It has: the session's id. The channel is used from then on.
    [[nodiscard]] std::uint64_t
    acs_opened(const AgentHello& hello, std::unique_ptr<AgentChannel> channel, WallTime now);
    void acs_message(std::uint64_t id, std::string_view text, WallTime now);
    void acs_closed(std::uint64_t id, WallTime now);

    [[nodiscard]] std::uint64_t
    tcs_opened(const AgentHello& hello, std::unique_ptr<AgentChannel> channel, WallTime now);
    void tcs_message(std::uint64_t id, std::string_view text, WallTime now);
    void tcs_closed(std::uint64_t id);

    // Heartbeats, services, credentials, forgetting. Call it about twice a second.
    void tick(WallTime now);

    // EC2 has terminated it, which began then: its tasks have stopped, and its container instance
    // is deregistered if its agent was connected at the time. (Else it is left over.)
    void host_terminated(const std::string& ec2_instance_id, WallTime begun, WallTime now);

    // Closes the connections of an EC2 instance's agents, as the service does when they have become
    // old: agents dial again at once.
    void expire_connections(const std::string& ec2_instance_id, WallTime now);
    // Deregisters by force, with their tasks, all container instances of an EC2 instance but
    // these.
    void forget_registrations(const std::string& ec2_instance_id,
                              const std::set<std::string>& spared_arns,
                              WallTime now);

    // Puts the tasks' network interfaces into the instances from now on; without one, who plays an
    // agent says that they are there. Must outlive its use.
    void use(InterfacePlug* plug) { plug_ = plug; }

    // Where tasks of services with load balancers are registered; without it no service can have
    // one. Must outlive its use.
    void use_target_groups(TargetGroups* groups) { target_groups_ = groups; }

    [[nodiscard]] Store& store() { return store_; }

    [[nodiscard]] EventLog& events() { return events_; }

private:
    // clusters.cc
    Answer create_cluster(const ApiCall& call);
    Answer delete_cluster(const ApiCall& call);
    Answer describe_clusters(const ApiCall& call);
    Answer list_clusters(const ApiCall& call);
    // instances.cc
    Answer register_container_instance(const ApiCall& call);
    Answer deregister_container_instance(const ApiCall& call);
    json::Object forget_instance(ContainerInstance& instance, const std::string& why, WallTime now);
    // Nothing of its tasks runs any more.
    void end_tasks(const ContainerInstance& instance, const std::string& why, WallTime now);
    Answer describe_container_instances(const ApiCall& call);
    Answer list_container_instances(const ApiCall& call);
    // instance_state.cc
    Answer update_container_instances_state(const ApiCall& call);
    // definitions.cc
    Answer register_task_definition(const ApiCall& call);
    Answer deregister_task_definition(const ApiCall& call);
    Answer describe_task_definition(const ApiCall& call);
    Answer list_task_definitions(const ApiCall& call);
    // tasks.cc
    Answer run_task(const ApiCall& call);
    Answer start_task(const ApiCall& call);
    Answer stop_task(const ApiCall& call);
    Answer describe_tasks(const ApiCall& call);
    Answer list_tasks(const ApiCall& call);
    // services.cc
    Answer create_service(const ApiCall& call);
    Answer update_service(const ApiCall& call);
    Answer delete_service(const ApiCall& call);
    Answer describe_services(const ApiCall& call);
    Answer list_services(const ApiCall& call);
    [[nodiscard]] Found<Service> new_service(const Cluster& cluster, const ApiCall& call);
    // ClientException for one that is not there or inactive.
    [[nodiscard]] Found<const TaskDefinition*> active_definition(std::string_view reference);
    // tags.cc
    Answer tag_resource(const ApiCall& call);
    Answer untag_resource(const ApiCall& call);
    Answer list_tags_for_resource(const ApiCall& call);
    [[nodiscard]] Found<json::Array*> tags_at(std::string_view arn);
    // agent_api.cc
    Answer discover_poll_endpoint(const ApiCall& call);
    Answer submit_task_state_change(const ApiCall& call);
    Answer submit_other_state_change(const ApiCall& call);

    // tasks.cc: what users, services and StartTask share.
    struct Launch {
        const TaskDefinition* definition = nullptr;
        std::string group;
        std::string started_by;
        json::Object overrides;
        json::Array tags;
        std::optional<NetworkConfiguration> network; // in awsvpc mode
    };

    // What RunTask and StartTask have in common.
    [[nodiscard]] Result<Launch, wire::ServiceError> launch_of(const json::Object& body);
    Task& launch_task(ContainerInstance& instance, const Launch& launch, WallTime now);
    void stop(Task& task, std::string_view stop_code, std::string_view reason, WallTime now);
    void finish(Task& task, WallTime now);

    // interfaces.cc
    void prepare_interface(Task& task,
                           const ContainerInstance& instance,
                           const NetworkConfiguration& network);
    bool create_interface(NetworkInterface& interface);
    void provision_interfaces(WallTime now);
    void provision_interface(Task& task, WallTime now);
    void interface_attached(Task& task, std::string_view attachment_arn, WallTime now);
    void remove_interface(Task& task, WallTime now);
    [[nodiscard]] std::string attachment_arn(const NetworkInterface& interface) const;

    // load_balancing.cc
    struct TargetVerdict {
        bool is_healthy = true; // in all its target groups
        std::optional<RegisteredTarget> unhealthy_in;
        std::string reason;
    };

    [[nodiscard]] std::vector<RegisteredTarget> targets_of(const Service& service,
                                                           const Task& task);
    void register_targets(Service& service, WallTime now);
    void deregister_targets(Task& task, WallTime now);
    [[nodiscard]] TargetVerdict
    target_verdict(const Service& service, const Task& task, WallTime now) const;

    // deployments.cc
    void begin_deployment(Service& service,
                          const TaskDefinition& definition,
                          std::optional<NetworkConfiguration> network,
                          WallTime now);
    void complete_deployment(Service& service, WallTime now);
    void fail_deployment(Service& service, WallTime now);
    // Forgets those on their way out that have no task left.
    void drop_old_deployments(Service& service);
    void note_task_end(const Task& task, WallTime now);
    void tell(Service& service, std::string_view text, WallTime now);
    // The events that EventBridge would be given of a service, and of its PRIMARY deployment.
    void record_action(const Service& service,
                       std::string_view event_type,
                       std::string_view event_name,
                       std::string_view reason,
                       WallTime now);
    void record_deployment(const Service& service, WallTime now);

    // scheduler.cc
    struct Rollout {
        RolloutLimits limits;
        std::vector<Task*> tasks;       // the live ones
        std::vector<RolloutTask> views; // of the same tasks, in the same order
    };

    void schedule(Service& service, WallTime now);
    [[nodiscard]] Rollout rollout_of(const Service& service, WallTime now);
    // Each of these is true if it has changed what a rollout shows.
    bool watch_rollout(Service& service, const Rollout& rollout, WallTime now);
    bool start_missing(Service& service, const Rollout& rollout, WallTime now);
    void tell_started(Service& service,
                      const Rollout& rollout,
                      const std::vector<const Task*>& started,
                      WallTime now);
    std::string tell_unhealthy(Service& service, const Task& task, WallTime now);
    bool stop_leaving(Service& service, const Rollout& rollout, WallTime now);
    void conclude(Service& service, const Rollout& rollout, WallTime now);
    // Tells what the service suffers from, once; true if it did.
    bool trouble(Service& service, std::string text, WallTime now);

    // agents.cc
    void deliver(const std::string& instance_arn, WallTime now);
    void
    acknowledge(const std::string& instance_arn, AcsSession& session, std::string_view message_id);
    void disconnect(const std::string& instance_arn, WallTime now);
    void verify_stops(const std::string& instance_arn,
                      AcsSession& session,
                      const json::Object& message,
                      WallTime now);
    void refresh_credentials(WallTime now);
    json::Object payload_task(const Task& task, WallTime now);
    json::Object role_credentials(const Task& task, const std::string& role_arn, WallTime now);
    AcsSession* session_by_id(std::uint64_t id, std::string& instance_arn);

    // instance_health.cc: the events of what has changed in an instance's health.
    void watch_connectivity(WallTime now);
    void connectivity_restored(ContainerInstance& instance, WallTime now);
    void
    apply_runtime_status(ContainerInstance& instance, const json::Object& message, WallTime now);
    void record_health(const ContainerInstance& instance, json::Object check, WallTime now);

    // Counts a change of an instance or task and records its event.
    void changed(ContainerInstance& instance, WallTime now);
    void changed(Task& task, WallTime now);

    KeyRing& keys_;
    Store store_;
    EventLog events_;
    std::uint64_t last_session_ = 0;
    std::map<std::string, AcsSession, std::less<>> acs_; // by container instance ARN
    std::map<std::uint64_t, std::string> acs_instances_; // ARNs by session id
    std::map<std::uint64_t, TcsSession> tcs_;
    std::set<std::string, std::less<>> deregistered_;                 // container instance ARNs
    std::map<std::string, WallTime, std::less<>> credentials_expire_; // by task ARN
    InterfacePlug* plug_ = nullptr;
    TargetGroups* target_groups_ = nullptr;
    std::set<std::string> provisioning_; // ARNs of tasks whose interface is on its way
    std::set<std::string> addresses_;    // that interfaces have
    WallTime next_schedule_;
};

} // namespace squall::lab::ecs
