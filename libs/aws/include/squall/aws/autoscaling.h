// Amazon EC2 Auto Scaling: which group keeps an instance, and having it replaced.
#pragma once

#include "squall/aws/client.h"

#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::aws {

struct AutoScalingInstance {
    std::string instance_id;
    std::string group_name;
    std::string lifecycle_state; // InService, Terminating:Wait, Standby, …
    std::string health_status;   // HEALTHY, UNHEALTHY; in groups Healthy, Unhealthy
    std::string availability_zone;
    bool is_protected_from_scale_in = false;
};

struct AutoScalingGroup {
    std::string name;
    std::string arn;
    std::int64_t min_size = 0;
    std::int64_t max_size = 0;
    std::int64_t desired_capacity = 0;
    std::vector<AutoScalingInstance> instances;
    std::map<std::string, std::string> tags;
};

// A group must fit all that is given here; nothing given: every group.
struct AutoScalingGroupFilter {
    std::vector<std::string> names;
    std::map<std::string, std::string> tags; // keys and values
};

struct ScalingActivity {
    std::string activity_id;
    std::string status_code; // InProgress, …
    std::string description;
};

// As thread-safe as its client, which must outlive it. Lists are complete by construction: all
// pages, all batches, or an error.
class AutoScaling {
public:
    explicit AutoScaling(Client& client) : client_(client) {}

    // Those of these instances that are in a group; of others it says nothing. No ids: no call.
    [[nodiscard]] Outcome<std::vector<AutoScalingInstance>> describe_auto_scaling_instances(
        std::span<const std::string> instance_ids, Deadline deadline, const std::stop_token& stop);

    [[nodiscard]] Outcome<std::vector<AutoScalingGroup>> describe_auto_scaling_groups(
        const AutoScalingGroupFilter& filter, Deadline deadline, const std::stop_token& stop);

    // The group keeps its desired capacity, and so another instance takes its place.
    // ValidationError where it is in no group.
    [[nodiscard]] Outcome<ScalingActivity> terminate_instance_in_auto_scaling_group(
        const std::string& instance_id, Deadline deadline, const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
