// Elastic Load Balancing of one region, version 2: application load balancers that forward HTTP to
// one target group for each listener. No rules, no TLS, no weights. Without sockets, threads or
// clocks: Traffic has those.
#pragma once

#include "api/call.h"
#include "ec2/instances.h"
#include "ecs/target_groups.h"
#include "elb/model.h"
#include "elb/traffic.h"
#include "squall/wire/xml.h"

namespace squall::lab::elb {

inline constexpr std::string_view xmlns =
    "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

class Service final : public ecs::TargetGroups {
public:
    // Quotas of a region.
    static constexpr std::size_t load_balancers_max = 50;
    static constexpr std::size_t target_groups_max = 3000;
    static constexpr std::size_t targets_max = 1000; // of a target group
    // Checks that are on their way at one time; others wait for their turn.
    static constexpr std::size_t checks_max = 500;

    // `instances` tells where targets are; it outlives the service.
    Service(std::string account, std::string region, const ec2::Instances& instances)
        : account_(std::move(account)), region_(std::move(region)), instances_(instances) {}

    // Carries requests and checks from now on; without one, targets stay `initial`. Must outlive
    // its use.
    void use(Traffic* traffic) { traffic_ = traffic; }

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // Sends the checks that are due, and forgets targets that have drained. Call it about twice a
    // second.
    void tick(WallTime now);

    // {"name", "url", "metrics", "targets": […]} of each, for people.
    [[nodiscard]] json::Array describe();

    // As ECS asks; targets.cc.
    [[nodiscard]] std::optional<ecs::TargetGroupFacts> facts(std::string_view arn) const override;
    void add(const ecs::RegisteredTarget& target, WallTime now) override;
    void remove(const ecs::RegisteredTarget& target, WallTime now) override;
    [[nodiscard]] std::optional<ecs::TargetFacts>
    look(const ecs::RegisteredTarget& target) const override;

private:
    // load_balancers.cc
    Answer create_load_balancer(const ApiCall& call);
    Answer describe_load_balancers(const ApiCall& call);
    Answer delete_load_balancer(const ApiCall& call);
    Answer modify_load_balancer_attributes(const ApiCall& call);
    Answer describe_load_balancer_attributes(const ApiCall& call);
    Answer create_listener(const ApiCall& call);
    Answer describe_listeners(const ApiCall& call);
    Answer delete_listener(const ApiCall& call);
    void write(wire::XmlWriter& xml, const LoadBalancer& one) const;
    void close_listener(const std::string& arn);
    // target_groups.cc
    Answer create_target_group(const ApiCall& call);
    Answer modify_target_group(const ApiCall& call);
    Answer describe_target_groups(const ApiCall& call);
    Answer delete_target_group(const ApiCall& call);
    Answer modify_target_group_attributes(const ApiCall& call);
    Answer describe_target_group_attributes(const ApiCall& call);
    void write(wire::XmlWriter& xml, const TargetGroup& group) const;
    // targets.cc
    Answer register_targets(const ApiCall& call);
    Answer deregister_targets(const ApiCall& call);
    Answer describe_target_health(const ApiCall& call);
    [[nodiscard]] std::optional<std::string> address_of(const TargetGroup& group,
                                                        const TargetId& id) const;
    void register_target(TargetGroup& group, const TargetId& id, WallTime now);
    void deregister_target(TargetGroup& group, const TargetId& id, WallTime now);
    void check(TargetGroup& group, const TargetId& id, Target& target, WallTime now);
    void checked(const std::string& arn, const TargetId& id, const CheckOutcome& outcome);
    void route_to(const TargetGroup& group);
    [[nodiscard]] std::vector<Endpoint> open_targets(const TargetGroup& group) const;
    [[nodiscard]] bool is_in_use(const TargetGroup& group) const;
    [[nodiscard]] std::vector<const Listener*> listeners_to(std::string_view group_arn) const;

    [[nodiscard]] Result<TargetGroup*, wire::ServiceError> group_of(const ApiCall& call);
    [[nodiscard]] Result<LoadBalancer*, wire::ServiceError> load_balancer_of(const ApiCall& call);
    [[nodiscard]] std::string new_arn(const std::string& resource) const;

    std::string account_;
    std::string region_;
    const ec2::Instances& instances_;
    Traffic* traffic_ = nullptr;
    std::map<std::string, LoadBalancer, std::less<>> load_balancers_; // by ARN
    std::map<std::string, TargetGroup, std::less<>> groups_;          // by ARN
    std::map<std::string, Listener, std::less<>> listeners_;          // by ARN
    std::size_t checks_ = 0;                                          // on their way
    std::shared_ptr<bool> lives_ = std::make_shared<bool>(true); // shared with answers on their way
};

// Reading what calls of this API have in common.
[[nodiscard]] tl::unexpected<wire::ServiceError> invalid(std::string message);
[[nodiscard]] bool is_name(const std::string& name);
// An integer parameter within its limits, or what it was; ValidationError.
[[nodiscard]] Result<std::int64_t, wire::ServiceError>
number_at(const ApiCall& call, const char* name, std::int64_t known, std::pair<int, int> limits);
// NAME.member.N.Key and .Value
[[nodiscard]] std::vector<std::pair<std::string, std::string>> attributes_of(const ApiCall& call);
[[nodiscard]] Answer
attributes_answer(const ApiCall& call,
                  const std::vector<std::pair<std::string, std::string>>& attributes);

} // namespace squall::lab::elb
