// Amazon ECS, as far as we read it, and take instances out of service. Lists are complete by
// construction: all pages, all batches, or an error. What ECS was asked to describe is either found
// or in `failures`, never just missing.
#pragma once

#include "squall/aws/client.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

struct Cluster {
    std::string arn;
    std::string name;
    std::string status; // ACTIVE, INACTIVE, …
    std::int64_t registered_container_instances_count = 0;
    std::int64_t running_tasks_count = 0;
    std::int64_t pending_tasks_count = 0;
    std::int64_t active_services_count = 0;
    std::map<std::string, std::string> tags; // only where they were asked for
};

// What ECS knows of one part of an instance's health.
struct InstanceHealth {
    std::string type;   // CONTAINER_RUNTIME
    std::string status; // OK, IMPAIRED, INSUFFICIENT_DATA, INITIALIZING
    std::string status_reason;
    std::optional<WallTime> last_updated;
    std::optional<WallTime> last_status_change;
};

struct ContainerInstance {
    std::string arn;
    std::string ec2_instance_id; // i-…; mi-… for external instances
    std::string status;          // ACTIVE, DRAINING, …
    bool agent_connected = false;
    std::int64_t running_tasks_count = 0;
    std::int64_t pending_tasks_count = 0;
    std::int64_t version = 0; // grows with every change that makes an event
    std::string agent_version;
    std::string docker_version;
    std::map<std::string, std::string> attributes; // "ecs.availability-zone", "ecs.os-type", …
    std::optional<WallTime> registered_at;
    std::string capacity_provider_name;
    // Only where it was asked for, and of agents that tell it.
    std::string overall_health; // as the status of its parts
    std::vector<InstanceHealth> health;
};

struct TaskContainer {
    struct Binding {
        std::int64_t container_port = 0;
        std::int64_t host_port = 0;
        std::string protocol; // tcp, udp
    };

    std::string name;
    std::vector<Binding> bindings; // of bridge and host mode, while it runs
};

struct Task {
    std::string arn;
    std::string container_instance_arn; // empty on Fargate
    std::string task_definition_arn;
    std::string group; // "service:web", "family:job"
    std::string last_status;
    std::string desired_status;
    std::string stopped_reason;
    std::string stop_code;
    std::string connectivity; // CONNECTED, DISCONNECTED
    std::string launch_type;  // EC2, FARGATE, EXTERNAL
    std::vector<TaskContainer> containers;
};

struct PortMapping {
    std::int64_t first = 0; // the container's port, or a range of them
    std::int64_t last = 0;
    std::string protocol; // tcp, udp
};

struct ContainerDefinition {
    std::string name;
    bool essential = true;
    std::vector<PortMapping> ports;
    std::string health_command; // its words with blanks between; empty: it has no health check
};

struct TaskDefinition {
    std::string arn;
    std::string network_mode; // awsvpc, bridge, host, none
    std::vector<ContainerDefinition> containers;
};

struct Deployment {
    std::string id;
    std::string status;        // PRIMARY, ACTIVE, INACTIVE
    std::string rollout_state; // COMPLETED, FAILED, IN_PROGRESS
    std::int64_t desired = 0;
    std::int64_t running = 0;
    std::int64_t pending = 0;
};

struct ServiceEvent {
    std::string id;
    std::optional<WallTime> created_at;
    std::string message;
};

// A target group that a service's tasks are registered with.
struct ServiceTargets {
    std::string target_group_arn; // empty of a classic load balancer
    std::string container_name;
    std::int64_t container_port = 0;
};

struct EcsService {
    std::string arn;
    std::string name;
    std::string status;
    std::int64_t desired_count = 0;
    std::int64_t running_count = 0;
    std::int64_t pending_count = 0;
    std::vector<Deployment> deployments;
    std::vector<ServiceEvent> events; // newest first
    std::vector<ServiceTargets> load_balancers;
    bool uses_service_connect = false; // in a deployment of it
};

struct DescribeFailure {
    // What ECS did not speak of at all, or without what makes it usable. Our word, not AWS's.
    static constexpr std::string_view not_answered = "NOT_ANSWERED";

    std::string arn;    // as ECS gives it: an ARN, or what was asked for
    std::string reason; // MISSING, …
    std::string detail;
};

template <class T>
struct Described {
    std::vector<T> found;
    std::vector<DescribeFailure> failures;
};

struct ContainerInstanceFilter {
    std::string expression; // the cluster query language; empty: all
    std::string status;     // ACTIVE, DRAINING, …; empty: all but INACTIVE
};

struct TaskFilter {
    std::string desired_status; // RUNNING, STOPPED; empty: as ECS has it, RUNNING
    std::string container_instance;
    std::string service;
};

// What ECS tells beside the rest only when it is asked to.
enum class Include { nothing, tags, container_instance_health };

// As thread-safe as its client, which must outlive it. Clusters, instances, tasks and services are
// given by name, id or ARN. Nothing asked for is answered without a call.
class Ecs {
public:
    explicit Ecs(Client& client) : client_(client) {}

    [[nodiscard]] Outcome<std::vector<std::string>> list_clusters(Deadline deadline,
                                                                  const std::stop_token& stop);
    [[nodiscard]] Outcome<Described<Cluster>> describe_clusters(std::span<const std::string> names,
                                                                Deadline deadline,
                                                                const std::stop_token& stop,
                                                                Include include = Include::nothing);

    [[nodiscard]] Outcome<std::vector<std::string>>
    list_container_instances(std::string_view cluster,
                             const ContainerInstanceFilter& filter,
                             Deadline deadline,
                             const std::stop_token& stop);
    [[nodiscard]] Outcome<Described<ContainerInstance>>
    describe_container_instances(std::string_view cluster,
                                 std::span<const std::string> arns,
                                 Deadline deadline,
                                 const std::stop_token& stop,
                                 Include include = Include::nothing);
    // ACTIVE or DRAINING; the instances as they are then. Those in a state that does not allow it
    // are failures. A call that fails as a whole ends it, and the ten at a time before it are done.
    [[nodiscard]] Outcome<Described<ContainerInstance>>
    update_container_instances_state(std::string_view cluster,
                                     std::span<const std::string> arns,
                                     std::string_view status,
                                     Deadline deadline,
                                     const std::stop_token& stop);

    [[nodiscard]] Outcome<std::vector<std::string>> list_tasks(std::string_view cluster,
                                                               const TaskFilter& filter,
                                                               Deadline deadline,
                                                               const std::stop_token& stop);
    [[nodiscard]] Outcome<Described<Task>> describe_tasks(std::string_view cluster,
                                                          std::span<const std::string> arns,
                                                          Deadline deadline,
                                                          const std::stop_token& stop);

    // ClientException where there is none.
    [[nodiscard]] Outcome<TaskDefinition> describe_task_definition(const std::string& arn,
                                                                   Deadline deadline,
                                                                   const std::stop_token& stop);

    [[nodiscard]] Outcome<std::vector<std::string>>
    list_services(std::string_view cluster, Deadline deadline, const std::stop_token& stop);
    [[nodiscard]] Outcome<Described<EcsService>>
    describe_services(std::string_view cluster,
                      std::span<const std::string> names,
                      Deadline deadline,
                      const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
