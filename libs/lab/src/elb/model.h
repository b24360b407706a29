// Application load balancers, target groups, listeners: plain data, owned by elb::Service. Names
// and defaults are those of the Elastic Load Balancing API, 2015-12-01.
#pragma once

#include "elb/target_health.h"

#include <map>

namespace squall::lab::elb {

struct HealthCheck {
    std::string path = "/";
    std::string port = "traffic-port"; // or a number
    std::int64_t interval = 30;        // seconds
    std::int64_t timeout = 5;          // seconds
    HealthThresholds thresholds;
    std::string matcher = "200"; // "200-299", "200,301"
};

// An instance id or an IPv4 address, and a port of it.
struct TargetId {
    std::string id;
    std::uint16_t port = 0;

    // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a 0 in what the compiler writes
    auto operator<=>(const TargetId&) const = default;
};

struct Target {
    std::string address; // numeric
    TargetHealth health;
    WallTime next_check;
    std::optional<WallTime> unhealthy_since; // as the last tick saw it
    bool is_being_checked = false;
    std::optional<WallTime> drains_until; // it has been deregistered
};

struct TargetGroup {
    std::string arn;
    std::string name;
    std::string target_type = "instance"; // or ip
    std::string vpc_id;
    std::uint16_t port = 80; // of a target that names none
    HealthCheck check;
    Seconds deregistration_delay{300};
    std::map<TargetId, Target> targets;
};

struct Listener {
    std::string arn;
    std::string load_balancer_arn;
    std::uint16_t port = 80;
    std::string target_group_arn; // where it forwards to
    std::uint16_t open_port = 0;  // where it really listens on 127.0.0.1; 0: nowhere
};

struct LoadBalancer {
    std::string arn;
    std::string name;
    std::string dns_name;
    std::string scheme = "internet-facing";
    std::vector<std::string> subnets;
    std::vector<std::string> security_groups;
    Seconds idle_timeout{60};
    WallTime created;
};

} // namespace squall::lab::elb
