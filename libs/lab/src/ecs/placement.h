// Which instance a task goes to, and AWS's words for why not.
#pragma once

#include "ecs/cluster_query.h"
#include "ecs/store.h"

namespace squall::lab::ecs {

// What is to be placed. The pointers outlive the call.
struct PlacementRequest {
    const TaskDefinition* definition = nullptr;
    std::string_view group;
    const PlacementRules* rules = nullptr;       // null: StartTask has named the instance
    std::optional<NetworkConfiguration> network; // in awsvpc mode
};

struct Placement {
    ContainerInstance* instance = nullptr;                     // null: nobody takes it
    std::vector<std::pair<std::string, std::string>> refusals; // instance ARN, reason
};

// The memberOf expressions of a request, read once for all instances.
class PlacementConstraints {
public:
    explicit PlacementConstraints(const PlacementRequest& request);

    // "MemberOf placement constraint unsatisfied.", "DistinctInstance placement …", or nothing.
    [[nodiscard]] std::optional<std::string> refusal(const ContainerInstance& instance,
                                                     const PlacementRequest& request,
                                                     const Store& store) const;

private:
    std::vector<ClusterQuery> queries_;
    bool is_distinct_ = false;
};

// Why this instance cannot take the task (a `failures[].reason`), or nothing when it can.
[[nodiscard]] std::optional<std::string> refusal(const ContainerInstance& instance,
                                                 const PlacementRequest& request,
                                                 const PlacementConstraints& constraints,
                                                 const Store& store);

// The instance's availability zone; empty where it has none.
[[nodiscard]] std::string_view zone_of(const ContainerInstance& instance);

// Among those who can, the best by the strategy; without one, spread over the zones and then over
// the instances. Of equal ones the one with the fewest tasks.
[[nodiscard]] Placement
place(const Cluster& cluster, const PlacementRequest& request, Store& store);

// `placementConstraints` and `placementStrategy` of a call, each where it is given;
// InvalidParameterException in AWS's words for what cannot be. `known` stays where nothing is
// given.
[[nodiscard]] Found<PlacementRules> read_placement_rules(const json::Object& body,
                                                         PlacementRules known = {});

// Constraints of a task definition, which knows only memberOf: ClientException.
[[nodiscard]] Found<void> check_definition_constraints(const json::Array& constraints);

} // namespace squall::lab::ecs
