// Reading placement constraints and strategies, with AWS's words for what is wrong with them.
#include "ecs/parameters.h"
#include "ecs/placement.h"

namespace squall::lab::ecs {
namespace {

constexpr std::size_t constraints_max = 10;
constexpr std::size_t steps_max = 5;
constexpr std::size_t expression_max = 2000;

// What is wrong with an expression; nothing when it can be read.
std::optional<std::string> trouble_with(std::string_view expression) {
    if (expression.empty()) return "memberOf expression should not be null or empty.";
    if (expression.size() > expression_max)
        return fmt::format("memberOf expression can have at most {} characters.", expression_max);
    if (const auto query = ClusterQuery::parse(expression); !query)
        return fmt::format("Invalid query '{}': {}.", expression, query.error().message);
    return std::nullopt;
}

Found<void> check_constraints(const json::Array& constraints) {
    if (constraints.size() > constraints_max)
        return invalid_parameter(
            fmt::format("At most {} placement constraints can be given.", constraints_max));
    for (const auto& constraint : constraints) {
        const std::string_view type = json::string_at(constraint, "type");
        const std::string_view expression = json::string_at(constraint, "expression");
        if (type == "distinctInstance") {
            if (!json::at(constraint, "expression").is_null())
                return invalid_parameter("distinctInstance expression should not be specified.");
        } else if (type != "memberOf") {
            return invalid_parameter(fmt::format("Invalid placement constraint type: {}", type));
        } else if (auto trouble = trouble_with(expression)) {
            return invalid_parameter(std::move(*trouble));
        }
    }
    return {};
}

Found<void> check_strategy(const json::Array& strategy) {
    if (strategy.size() > steps_max)
        return invalid_parameter(
            fmt::format("At most {} placement strategies can be given.", steps_max));
    for (const auto& step : strategy) {
        const std::string_view type = json::string_at(step, "type");
        const std::string_view field = json::string_at(step, "field");
        const bool is_good = type == "random"
                             || (type == "binpack" && (field == "cpu" || field == "memory"))
                             || (type == "spread"
                                 && (field == "instanceId" || field == "host"
                                     || (field.starts_with("attribute:") && field.size() > 10)));
        if (!is_good)
            return invalid_parameter(
                fmt::format("Invalid placement strategy: type '{}', field '{}'.", type, field));
    }
    return {};
}

} // namespace

Found<PlacementRules> read_placement_rules(const json::Object& body, PlacementRules known) {
    known.launch_type = json::string_at(body, "launchType", known.launch_type);
    if (known.launch_type != "EC2" && known.launch_type != "EXTERNAL")
        return invalid_parameter(
            fmt::format("This lab has no {} capacity: only EC2 and EXTERNAL.", known.launch_type));
    if (body.contains("placementConstraints")) {
        known.constraints = json::array_at(body, "placementConstraints");
        if (auto checked = check_constraints(known.constraints); !checked)
            return fail(checked.error());
    }
    if (body.contains("placementStrategy")) {
        known.strategy = json::array_at(body, "placementStrategy");
        // An empty object is how an existing strategy is taken away.
        if (known.strategy.size() == 1 && known.strategy.front().is_object()
            && known.strategy.front().as_object().empty())
            known.strategy.clear();
        if (auto checked = check_strategy(known.strategy); !checked) return fail(checked.error());
    }
    return known;
}

Found<void> check_definition_constraints(const json::Array& constraints) {
    for (const auto& constraint : constraints) {
        const std::string_view type = json::string_at(constraint, "type");
        if (type != "memberOf")
            return refuse("ClientException",
                          fmt::format("constraint.type '{}' is not supported.", type));
        if (auto trouble = trouble_with(json::string_at(constraint, "expression")))
            return refuse("ClientException", std::move(*trouble));
    }
    if (constraints.size() > constraints_max)
        return refuse(
            "ClientException",
            fmt::format("At most {} placement constraints can be given.", constraints_max));
    return {};
}

} // namespace squall::lab::ecs
