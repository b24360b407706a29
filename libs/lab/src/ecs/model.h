// What the ECS control plane knows: plain data, owned by Store.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace squall::lab::ecs {

struct Attribute {
    std::string name;
    std::string value;
};

// CPU in units of 1/1024 core, memory in MiB.
struct Resources {
    std::int64_t cpu = 0;
    std::int64_t memory = 0;
    std::set<std::uint16_t> ports_tcp; // in use
    std::set<std::uint16_t> ports_udp;
};

struct ContainerInstance {
    std::string arn;
    std::string cluster; // its name
    std::string ec2_instance_id;
    std::string status = "ACTIVE";
    bool agent_connected = false;
    std::int64_t version = 0; // goes up with every change that makes an event
    WallTime registered_at;
    std::string client_token;
    std::vector<Attribute> attributes;
    Resources registered; // ports: those the agent reserves
    std::string agent_version;
    std::string agent_hash;
    std::string docker_version;
    json::Array tags;
    std::string runtime_status = "OK"; // CONTAINER_RUNTIME of the instance's health
    std::optional<WallTime> runtime_updated;
    std::optional<WallTime> runtime_changed;
    std::optional<WallTime> disconnected_at; // since then it has had no agent
    bool is_connectivity_impaired = false;   // for so long that ECS has said so

    [[nodiscard]] const Attribute* attribute(std::string_view name) const; // null: it has none
    [[nodiscard]] std::string_view attribute_value(std::string_view name) const; // else empty
    // EC2, or EXTERNAL for one of ECS Anywhere.
    [[nodiscard]] std::string_view launch_type() const;
};

struct PortBinding {
    std::string bind_ip;
    std::uint16_t container_port = 0;
    std::uint16_t host_port = 0;
    std::string protocol = "tcp";
};

struct Container {
    std::string arn;
    std::string name;
    std::string image;
    std::string runtime_id;
    std::string last_status = "PENDING";
    std::optional<std::int64_t> exit_code;
    std::string reason;
    std::string health = "UNKNOWN";
    bool has_health_check = false;
    std::vector<PortBinding> bindings;
    std::int64_t cpu = 0;
    std::int64_t memory = 0;
    bool essential = true;
};

// A revision, as it was registered: `definition` keeps every member the user gave.
struct TaskDefinition {
    std::string arn;
    std::string family;
    std::int64_t revision = 0;
    bool active = true;
    json::Object definition;
    std::string network_mode;
    Resources needs; // the sum over its containers; ports: the fixed host ports
    WallTime registered_at;
    json::Array tags;
};

// The subnets and security groups that a task's network interface may be in: an
// awsvpcConfiguration.
struct NetworkConfiguration {
    std::vector<std::string> subnets;
    std::vector<std::string> security_groups;

    bool operator==(const NetworkConfiguration&) const = default;
};

// The elastic network interface of a task in awsvpc mode.
struct NetworkInterface {
    std::string attachment_id;
    std::string status = "PRECREATED"; // ATTACHING, ATTACHED, DETACHING, DELETED
    std::string subnet_id;
    std::vector<std::string> security_groups;
    // Empty until it has been made.
    std::string id;
    std::string mac;
    std::string address;
    std::string dns_name;
    std::uint64_t told_session = 0; // the ACS session that its agent was told of it in
};

// A task, or one port of it, in a target group of a load balancer.
struct RegisteredTarget {
    std::string target_group_arn;
    std::string id; // of the instance, or the task's own address
    std::uint16_t port = 0;
};

struct Task {
    std::string arn;
    std::string cluster;
    std::string instance_arn;
    std::string definition_arn;
    std::string group;
    std::string started_by;
    std::string launch_type = "EC2";
    std::string last_status = "PENDING"; // PROVISIONING, RUNNING, DEPROVISIONING, STOPPED
    std::string desired_status = "RUNNING";
    std::string stop_code;
    std::string stopped_reason;
    std::int64_t version = 1;
    WallTime created_at;
    std::optional<WallTime> started_at;
    std::optional<WallTime> stopping_at;
    std::optional<WallTime> stopped_at;
    std::optional<WallTime> pull_started_at;
    std::optional<WallTime> pull_stopped_at;
    std::vector<Container> containers;
    Resources uses;
    std::optional<NetworkInterface> interface; // in awsvpc mode
    std::vector<RegisteredTarget> targets;     // where it is registered now
    json::Object overrides;
    json::Array tags;
    std::string credentials_id;   // of the task role, where it has one
    std::string delivered_status; // the last desired status that its agent has acknowledged

    // HEALTHY, UNHEALTHY or UNKNOWN: as its essential containers that are checked; without any,
    // nobody knows.
    [[nodiscard]] std::string_view health() const;
    [[nodiscard]] bool is_checked() const; // it has such a container
};

struct ServiceMessage {
    std::string id;
    WallTime at;
    std::string text;
};

// Where tasks may go, and where they had better go, as the user wrote it
// (read_placement_rules() has checked it).
struct PlacementRules {
    std::string launch_type = "EC2"; // EXTERNAL: only on instances of ECS Anywhere
    json::Array constraints;
    json::Array strategy;
};

// How a service replaces its tasks: its deploymentConfiguration.
struct RolloutRules {
    std::int64_t minimum_healthy_percent = 100;
    std::int64_t maximum_percent = 200;
    bool circuit_breaker = false;
    bool rollback = false;
};

// One version of a service: on its way in, in place, or on its way out.
struct Deployment {
    std::string id; // ecs-svc/0123456789012345678; its tasks carry it in startedBy
    std::string definition_arn;
    std::optional<NetworkConfiguration> network; // in awsvpc mode
    std::string rollout_state = "IN_PROGRESS";   // COMPLETED, FAILED
    std::string rollout_reason;
    std::int64_t failed_tasks = 0; // in a row, until the first of its tasks is healthy
    bool has_been_healthy = false; // one of its tasks has: failures are counted no more
    WallTime created_at;
    WallTime updated_at;
};

// An element of a service's `loadBalancers`.
struct ServiceLoadBalancer {
    std::string target_group_arn;
    std::string container_name;
    std::uint16_t container_port = 0;
};

struct Service {
    std::string arn;
    std::string name;
    std::string cluster;
    std::string status = "ACTIVE";
    std::vector<Deployment> deployments;      // the first is PRIMARY, the rest are on their way out
    std::optional<Deployment> last_completed; // what a rollback goes back to
    RolloutRules rules;
    PlacementRules placement;
    std::vector<ServiceLoadBalancer> load_balancers;
    std::optional<std::int64_t> health_check_grace; // seconds
    std::int64_t desired_count = 0;
    WallTime created_at;
    json::Object request; // of its CreateService: the same once more is no mistake
    std::string propagate_tags = "NONE";
    json::Array tags;
    std::vector<ServiceMessage> messages; // newest first
    // The scheduler's memory.
    std::optional<WallTime> steady_told_at; // while it is steady
    int failed_starts = 0;                  // in a row
    std::optional<WallTime> not_before;     // no new task before this
    std::string trouble;                    // why it cannot go on, as it was last told
    std::optional<WallTime> trouble_told_at;

    [[nodiscard]] Deployment& primary() { return deployments.front(); }

    [[nodiscard]] const Deployment& primary() const { return deployments.front(); }
};

struct Cluster {
    std::string name;
    std::string arn;
    std::string status = "ACTIVE";
    json::Array tags;
};

} // namespace squall::lab::ecs
