#include "ecs/network_configuration.h"

#include "ec2/network.h"
#include "ecs/parameters.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::size_t subnets_max = 16;
constexpr std::size_t security_groups_max = 5;

Found<void> check_subnets(const std::vector<std::string>& subnets, const std::string& region) {
    if (subnets.empty()) return invalid_parameter("subnets can not be empty.");
    for (const auto& id : subnets) {
        if (ec2::subnet_with_id(region, id)) continue;
        return invalid_parameter(
            fmt::format("Error retrieving subnet information for [{}]: The subnet ID '{}' does not "
                        "exist (ErrorCode: InvalidSubnetID.NotFound)",
                        join(subnets, ", "),
                        id));
    }
    return {};
}

Found<void> check_groups(const std::vector<std::string>& groups) {
    for (const auto& id : groups) {
        if (id == ec2::security_group_id) continue;
        return invalid_parameter(
            fmt::format("Error retrieving security group information for [{}]: The security group "
                        "'{}' does not exist (ErrorCode: InvalidGroup.NotFound)",
                        join(groups, ", "),
                        id));
    }
    return {};
}

} // namespace

Found<std::optional<NetworkConfiguration>>
read_network_configuration(const json::Object& body,
                           const TaskDefinition& definition,
                           const std::string& region,
                           const std::optional<NetworkConfiguration>& known) {
    const json::Value& given =
        json::at(json::at(body, "networkConfiguration"), "awsvpcConfiguration");
    if (definition.network_mode != "awsvpc") {
        if (given.is_object())
            return invalid_parameter("Network Configuration is not valid for the given networkMode "
                                     "of this task definition.");
        return std::optional<NetworkConfiguration>();
    }
    if (!given.is_object()) {
        if (known) return known;
        return invalid_parameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    }
    auto subnets = texts_at(given.as_object(), "subnets", subnets_max);
    if (!subnets) return fail(subnets.error());
    auto groups = texts_at(given.as_object(), "securityGroups", security_groups_max);
    if (!groups) return fail(groups.error());
    // Only an interface of Fargate's may have one.
    const std::string_view assign = json::string_at(given, "assignPublicIp", "DISABLED");
    if (assign == "ENABLED")
        return invalid_parameter("Assign public IP is not supported for this launch type.");
    if (assign != "DISABLED")
        return invalid_parameter("assignPublicIp must be ENABLED or DISABLED.");
    if (auto checked = check_subnets(*subnets, region); !checked) return fail(checked.error());
    if (auto checked = check_groups(*groups); !checked) return fail(checked.error());
    return std::optional(NetworkConfiguration{std::move(*subnets), std::move(*groups)});
}

json::Object describe_network_configuration(const NetworkConfiguration& network) {
    return {
        {"awsvpcConfiguration",
         json::Object{{"subnets", json::Array(network.subnets.begin(), network.subnets.end())},
                      {"securityGroups",
                       json::Array(network.security_groups.begin(), network.security_groups.end())},
                      {"assignPublicIp", "DISABLED"}}}};
}

} // namespace squall::lab::ecs
