// An Auto Scaling group as the lab keeps it. Values.
#pragma once

#include "squall/base/clock.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace squall::lab::autoscaling {

struct Member {
    std::string instance_id;
    std::string instance_type;
    std::string image_id;
    std::string availability_zone;
    std::string subnet_id;
    WallTime launched_at;
    std::string lifecycle_state = "InService";
    std::string unhealthy_because;         // empty where it is healthy
    std::string activity_id;               // what is being done with it
    std::optional<WallTime> waiting_until; // of its lifecycle hook
    std::string action_token;              // the same
};

// What was done with one instance, and why.
struct Activity {
    std::string id;
    std::string instance_id;
    std::string description;
    std::string cause;
    std::string details; // JSON, as AWS has it
    WallTime started_at;
    std::optional<WallTime> ended_at;
    std::string status = "InProgress";
    std::string status_message;
};

// Of instances that are about to be terminated; those of launches are not here.
struct LifecycleHook {
    std::string name;
    Seconds timeout{3600};
    std::string default_result = "ABANDON";
    std::string notification_metadata;
};

struct Group {
    std::string name;
    std::string arn;
    std::int64_t min_size = 0;
    std::int64_t max_size = 0;
    std::int64_t desired_capacity = 0;
    std::vector<std::string> availability_zones;
    std::vector<std::string> subnet_ids;
    std::map<std::string, std::string> tags;
    WallTime created_at;
    std::set<std::string> suspended;                    // processes
    std::map<std::string, Member, std::less<>> members; // by instance id
    std::vector<Activity> activities;                   // oldest first
    std::map<std::string, LifecycleHook> hooks;
    std::string growth;        // why it wants more instances than it has
    bool is_in_motion = false; // it may not be as it should
    WallTime next_launch;
};

// The same for the same name, so that policies can name it before there is one.
[[nodiscard]] std::string
group_arn(const std::string& account, const std::string& region, const std::string& name);

} // namespace squall::lab::autoscaling
