// What the APIs of a scenario answer: ECS, EC2, SSM and Auto Scaling as far as the monitor asks.
#pragma once

#include "squall/base/json.h"
#include "squall/monitor/decision.h"

#include <map>
#include <optional>
#include <string>

namespace squall::monitor {

class SimulatedWorld {
public:
    // A whole view, or a patch to the one that there is. An error leaves the world as it was.
    [[nodiscard]] Result<void> set(const json::Object& world);

    void answer_with(ApiOutcome outcome) { outcome_ = outcome; }

    [[nodiscard]] ApiOutcome outcome() const { return outcome_; }

    // "ecs:DescribeContainerInstances: Rate exceeded"
    [[nodiscard]] std::string failure_text(std::string_view operation) const;

    [[nodiscard]] ClustersSeen clusters(const std::optional<std::string>& tag) const;
    // All but INACTIVE ones, by cluster.
    [[nodiscard]] std::map<std::string, std::vector<InstanceReport>> lists() const;
    [[nodiscard]] GroupMembersSeen group_members() const;
    [[nodiscard]] LookAnswer look(const LookRequest& request) const;

private:
    struct ContainerInstance {
        json::Object object; // as it was given, for patches
        InstanceReport report;
    };

    struct View {
        std::map<std::string, ContainerInstance> container_instances; // by ARN
        std::map<std::string, json::Object> instances;                // by id
        std::map<std::string, json::Object> groups;                   // by instance id
        std::map<std::string, json::Object> clusters;                 // by ARN
    };

    [[nodiscard]] static Result<void>
    add_container_instance(View& changes, const View& known, const json::Object& entry);
    [[nodiscard]] Result<void> patch(const json::Object& world);
    [[nodiscard]] std::optional<Ec2Seen> ec2(const std::string& id) const;

    View view_;
    ApiOutcome outcome_ = ApiOutcome::ok;
};

} // namespace squall::monitor
