// The target groups of load balancers, as far as ECS has to do with them: it registers the tasks of
// a service, and heeds what the health checks say.
#pragma once

#include "ecs/model.h"

namespace squall::lab::ecs {

struct TargetGroupFacts {
    std::string target_type; // instance, ip
    bool has_load_balancer = false;
};

// How a target is, in DescribeTargetHealth's words.
struct TargetFacts {
    std::string state;
    std::string description;
    std::optional<WallTime> unhealthy_since;
};

class TargetGroups {
public:
    TargetGroups(const TargetGroups&) = delete;
    TargetGroups& operator=(const TargetGroups&) = delete;
    virtual ~TargetGroups() = default;

    // Nothing when there is no such group.
    [[nodiscard]] virtual std::optional<TargetGroupFacts> facts(std::string_view arn) const = 0;
    virtual void add(const RegisteredTarget& target, WallTime now) = 0;
    virtual void remove(const RegisteredTarget& target, WallTime now) = 0;
    // Nothing when it is not registered.
    [[nodiscard]] virtual std::optional<TargetFacts> look(const RegisteredTarget& target) const = 0;

protected:
    TargetGroups() = default;
};

} // namespace squall::lab::ecs
