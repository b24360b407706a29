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

// What a service of AWS may have and one of this lab has not: to ignore it would be a lie.
[[nodiscard]] Found<void> check_service_abilities(const json::Object& body);

} // namespace squall::lab::ecs
