#include "ecs/service_parameters.h"

#include "ecs/parameters.h"

namespace squall::lab::ecs {
namespace {

constexpr std::int64_t desired_count_max = 5000;

bool is_there(const json::Object& body, std::string_view name) {
    const json::Value& value = json::at(body, name);
    if (const auto* array = value.if_array()) return !array->empty();
    if (const auto* object = value.if_object()) return !object->empty();
    return !value.is_null();
}

} // namespace

Found<std::int64_t> read_desired_count(const json::Object& body, std::int64_t known) {
    const auto desired = json::integer_at(body, "desiredCount", known);
    if (desired < 0 || desired > desired_count_max)
        return invalid_parameter("desiredCount must be between 0 and 5000.");
    return desired;
}

Found<RolloutRules> read_rollout_rules(const json::Object& body, RolloutRules known) {
    const json::Object& given = json::object_at(body, "deploymentConfiguration");
    auto& minimum = known.minimum_healthy_percent;
    auto& maximum = known.maximum_percent;
    minimum = json::integer_at(given, "minimumHealthyPercent", minimum);
    maximum = json::integer_at(given, "maximumPercent", maximum);
    if (minimum < 0 || minimum > 100)
        return invalid_parameter("minimumHealthyPercent must be between 0 and 100.");
    if (maximum < 100 || maximum > 200)
        return invalid_parameter("maximumPercent must be between 100 and 200.");
    if (minimum == 100 && maximum == 100)
        return invalid_parameter("Both maximumPercent and minimumHealthyPercent cannot be 100 as "
                                 "this will block deployments.");
    const json::Value& breaker = json::at(given, "deploymentCircuitBreaker");
    if (breaker.is_object()) {
        known.circuit_breaker = json::bool_at(breaker, "enable");
        known.rollback = json::bool_at(breaker, "rollback");
    }
    if (json::bool_at(json::at(given, "alarms"), "enable"))
        return invalid_parameter("This lab has no alarms that end a deployment.");
    if (json::string_at(given, "strategy", "ROLLING") != "ROLLING")
        return invalid_parameter("This lab deploys by ROLLING update only.");
    return known;
}

Found<std::string> read_propagate_tags(const json::Object& body, const std::string& known) {
    std::string given(json::string_at(body, "propagateTags", known));
    if (given != "NONE" && given != "SERVICE" && given != "TASK_DEFINITION")
        return invalid_parameter("propagateTags must be SERVICE, TASK_DEFINITION or NONE.");
    return given;
}

Found<void> check_service_abilities(const json::Object& body) {
    if (json::string_at(body, "schedulingStrategy", "REPLICA") != "REPLICA")
        return invalid_parameter("This lab schedules REPLICA services only.");
    if (json::string_at(json::at(body, "deploymentController"), "type", "ECS") != "ECS")
        return invalid_parameter("This lab has no deployment controller but ECS.");
    for (const char* member : {"serviceRegistries", "capacityProviderStrategy"}) {
        if (is_there(body, member))
            return invalid_parameter(fmt::format("A service of this lab can have no {}.", member));
    }
    return {};
}

} // namespace squall::lab::ecs
