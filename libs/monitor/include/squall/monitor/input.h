// What the monitor is told: events, answers of AWS's APIs, planned windows. Plain values; who reads
// them off a wire is event_parser.h, the daemon, or a simulation.
#pragma once

#include "squall/base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace squall::monitor {

inline constexpr WallTime unknown_time = WallTime::min();
inline constexpr std::int64_t unknown_version = -1;

// What members of a group may have in common. Empty where it is not known.
struct Traits {
    std::string availability_zone;
    std::string subnet;
    std::string ami;
    std::string instance_type;
    std::string agent_version;
    std::string docker_version;
    std::string capacity_provider;
};

// The same trait of both, by its name, in the order in which people read them. Of whatever has
// members of these names.
template <class One, class Other, class Visit>
void for_each_trait_of_both(One& one, Other& other, Visit visit) {
    visit("availability_zone", one.availability_zone, other.availability_zone);
    visit("subnet", one.subnet, other.subnet);
    visit("ami", one.ami, other.ami);
    visit("instance_type", one.instance_type, other.instance_type);
    visit("agent_version", one.agent_version, other.agent_version);
    visit("docker_version", one.docker_version, other.docker_version);
    visit("capacity_provider", one.capacity_provider, other.capacity_provider);
}

// Every trait of one.
template <class Traited, class Visit>
void for_each_trait(Traited& traited, Visit visit) {
    for_each_trait_of_both(traited, traited, [&](const char* name, auto& trait, auto& /*same*/) {
        visit(name, trait);
    });
}

// One container instance at one moment, from an event or a describe.
struct InstanceReport {
    std::string arn;
    std::string cluster_arn;
    std::string ec2_instance_id; // i-…; mi-… of external instances
    std::int64_t version = unknown_version;
    bool agent_connected = false;
    std::string status;                    // ACTIVE, DRAINING, …
    WallTime updated_at = unknown_time;    // of an event: when it changed; a describe does not say
    WallTime registered_at = unknown_time; // newer events, and describes
    // Of a describe whose AGENT_CONNECTIVITY health is IMPAIRED: since when. ECS may know this of
    // an agent that it still calls connected.
    WallTime impaired_since = unknown_time;
    Traits traits;
};

// The "ECS Container Instance State Change" event. Any order, any number of copies.
struct InstanceChanged {
    InstanceReport report;
};

// AGENT_CONNECTIVITY of the "ECS Container Instance Health Change" event.
struct AgentHealthChanged {
    std::string arn;
    std::string cluster_arn;
    std::string ec2_instance_id;
    bool is_impaired = false;
    WallTime since = unknown_time; // of the last change of this status
};

// Somebody has said that this EC2 instance will go.
struct EndAnnounced {
    enum class By { spot, scale_in };

    std::string ec2_instance_id;
    By by = By::spot;
};

struct Ec2StateChanged {
    std::string ec2_instance_id;
    std::string state; // running, stopping, stopped, shutting-down, terminated
    WallTime at = unknown_time;
};

// A planned disturbance: an experiment, maintenance. The same id again replaces it.
struct Window {
    std::string id;
    std::string cluster;            // name or ARN; empty: all
    std::vector<std::string> nodes; // EC2 instance ids; none: all of the cluster
    WallTime from = unknown_time;
    WallTime until = unknown_time;
    std::string why;
};

struct ClusterSeen {
    std::string arn;
    bool is_monitored = true; // as its tags and the settings have it
};

// All clusters that there are, as often as somebody looks.
struct ClustersSeen {
    std::vector<ClusterSeen> clusters;
};

// All container instances of one cluster but INACTIVE ones, complete.
struct Polled {
    std::string cluster_arn;
    WallTime asked_at = unknown_time; // before the first call
    std::vector<InstanceReport> reports;
};

struct Ec2Seen {
    std::string state;
    std::string availability_zone;
    WallTime launched_at = unknown_time;
};

// An instance of an Auto Scaling group that belongs to a cluster.
struct GroupMember {
    std::string ec2_instance_id;
    std::string lifecycle_state; // InService, Terminating:Wait, …
    std::string group;
    std::string cluster;        // name or ARN
    std::optional<Ec2Seen> ec2; // what EC2 says of it, where it was asked; nothing: not known there
};

// All of them, complete, after all clusters were polled.
struct GroupMembersSeen {
    std::vector<GroupMember> members;
};

// How a call went.
enum class ApiOutcome { ok, throttled, denied, unavailable };

// A poll that did not get its answer.
struct PollFailed {
    ApiOutcome outcome = ApiOutcome::unavailable;
    std::string what; // "ecs:ListContainerInstances: Rate exceeded"
};

// What was asked for by a Look, of one host.
struct LookAnswer {
    std::string host; // the key, as the request had it
    ApiOutcome outcome = ApiOutcome::ok;
    std::string what; // of a failure
    std::vector<InstanceReport> reports;
    std::vector<std::string> missing; // ARNs that ECS calls MISSING
    std::optional<Ec2Seen> ec2;       // nothing: EC2 (for mi-…: SSM) does not know it
    std::string lifecycle_state;      // in its Auto Scaling group, where it has one
};

struct Looked {
    std::vector<LookAnswer> answers;
};

// Time has passed; nothing else.
struct Tick {};

using Input = std::variant<Tick,
                           InstanceChanged,
                           AgentHealthChanged,
                           EndAnnounced,
                           Ec2StateChanged,
                           Window,
                           ClustersSeen,
                           Polled,
                           PollFailed,
                           GroupMembersSeen,
                           Looked>;

} // namespace squall::monitor
