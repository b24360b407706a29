// What CreateService and UpdateService are told, read and checked, with AWS's words for what is
// wrong with it.
#pragma once

#include "api/call.h"
#include "ecs/store.h"

namespace squall::lab::ecs {

// `desiredCount`, or what it was.
[[nodiscard]] Found<std::int64_t> read_desired_count(const json::Object& body, std::int64_t known);

// `deploymentConfiguration`: what it leaves out stays.
[[nodiscard]] Found<RolloutRules> read_rollout_rules(const json::Object& body, RolloutRules known);

// `propagateTags`, or what it was.
[[nodiscard]] Found<std::string> read_propagate_tags(const json::Object& body,
                                                     const std::string& known);

class TargetGroups;

// `loadBalancers`, each with a target group that fits. load_balancing.cc
[[nodiscard]] Found<std::vector<ServiceLoadBalancer>> read_load_balancers(
    const json::Object& body, const TaskDefinition& definition, const TargetGroups* groups);
// `healthCheckGracePeriodSeconds`, or what it was.
[[nodiscard]] Found<std::optional<std::int64_t>> read_grace_period(
    const json::Object& body, bool has_load_balancers, std::optional<std::int64_t> known);

// What a service of AWS may have and one of this lab has not: to ignore it would be a lie.
[[nodiscard]] Found<void> check_service_abilities(const json::Object& body);

} // namespace squall::lab::ecs
