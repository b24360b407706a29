// What the agent may do, and by which keys.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"
#include "squall/base/text.h"

namespace squall::lab::breaks {
namespace {

// What IMDS gives changes here; the agent has its keys for hours, and asks when it starts.
Step change_role(std::string role) {
    return InCloud{[role = std::move(role)](Site& site) -> Result<void> {
        ec2::Instance* instance = site.ec2();
        if (instance == nullptr) return {};
        if (!site.before.contains("role")) site.before["role"] = instance->role;
        instance->role = role;
        return {};
    }};
}

Steps restore_role(const json::Object& before) {
    Steps steps;
    if (before.contains("role"))
        steps.push_back(change_role(std::string(json::string_at(before, "role"))));
    steps.push_back(InCloud{[](Site& site) -> Result<void> {
        const std::string made(json::string_at(site.before, "madeRole"));
        if (!made.empty()) site.cloud.directory().roles.erase(made);
        return {};
    }});
    steps.push_back(start_agent());
    steps.push_back(restart_agent());
    return steps;
}

constexpr Cause iam_no_creds{"IAM_NO_CREDS",
                             "",
                             "the instance profile is taken away from the EC2 instance",
                             Need::ec2,
                             Sign::disconnected,
                             [] {
                                 return Steps{change_role({}), restart_agent()};
                             },
                             restore_role};

// A role like the instance's own, but for one action.
Result<void> make_role_without(Site& site, std::string_view action) {
    ec2::Instance* instance = site.ec2();
    if (instance == nullptr)
        return fail(Errc::not_found, "{} is no EC2 instance any more", site.instance_id);
    iam::Directory& directory = site.cloud.directory();
    const auto own = directory.roles.find(instance->role);
    if (own == directory.roles.end())
        return fail(Errc::not_found, "the instance's role '{}' does not exist", instance->role);
    std::string allowed;
    for (const std::string_view one : {"ecs:DeregisterContainerInstance",
                                       "ecs:DiscoverPollEndpoint",
                                       "ecs:Poll",
                                       "ecs:RegisterContainerInstance",
                                       "ecs:StartTelemetrySession",
                                       "ecs:Submit*",
                                       "ecs:UpdateContainerInstancesState",
                                       "ssm:UpdateInstanceInformation",
                                       "ec2messages:*"}) {
        if (one != action) allowed += fmt::format("{}\"{}\"", allowed.empty() ? "" : ", ", one);
    }
    const std::string document = fmt::format(
        R"({{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": [{}], "Resource": "*"}}]}})",
        allowed);
    auto policy = iam::parse_policy(document, iam::PolicyKind::identity);
    if (!policy) return fail(policy.error());
    const std::string name = fmt::format("{}-{}", instance->role, random_hex(4));
    iam::Role& role = directory.add_role(name, own->second.trust_document, Wall::now());
    role.inline_policies["container-instance"] = {document, std::move(*policy)};
    site.before["madeRole"] = name;
    site.before["role"] = instance->role;
    instance->role = name;
    return {};
}

Steps deny(std::string_view action) {
    return {InCloud{[action](Site& site) {
                return make_role_without(site, action);
            }},
            restart_agent()};
}

constexpr Cause iam_denied{"IAM_DENIED",
                           "",
                           "the instance gets another role, whose policy does not allow ecs:Poll",
                           Need::ec2,
                           Sign::disconnected,
                           [] { return deny("ecs:Poll"); },
                           restore_role};

constexpr Cause iam_denied_register{
    "IAM_DENIED",
    "ecs:RegisterContainerInstance",
    "the instance gets another role, whose policy does not allow ecs:RegisterContainerInstance",
    Need::ec2,
    Sign::disconnected,
    [] { return deny("ecs:RegisterContainerInstance"); },
    restore_role};

constexpr Cause iam_denied_discover{
    "IAM_DENIED",
    "ecs:DiscoverPollEndpoint",
    "the instance gets another role, whose policy does not allow ecs:DiscoverPollEndpoint",
    Need::ec2,
    Sign::disconnected,
    [] { return deny("ecs:DiscoverPollEndpoint"); },
    restore_role};

constexpr Cause iam_denied_telemetry{
    "IAM_DENIED",
    "ecs:StartTelemetrySession",
    "the instance gets another role, whose policy does not allow ecs:StartTelemetrySession",
    Need::ec2,
    Sign::connected,
    [] { return deny("ecs:StartTelemetrySession"); },
    restore_role};

Step let_keys_expire(bool are_stale) {
    return InCloud{[are_stale](Site& site) -> Result<void> {
        if (site.ec2() != nullptr) site.ec2()->has_stale_keys = are_stale;
        return {};
    }};
}

constexpr Cause iam_expired{
    "IAM_EXPIRED",
    "",
    "the instance metadata goes on giving keys that have expired",
    Need::ec2,
    Sign::disconnected,
    [] {
        return Steps{let_keys_expire(/*are_stale=*/true), restart_agent()};
    },
    [](const json::Object&) {
        return Steps{let_keys_expire(/*are_stale=*/false), start_agent(), restart_agent()};
    }};

constexpr Cause api_throttled{
    "API_THROTTLED",
    "",
    "ECS answers RegisterContainerInstance of this instance with ThrottlingException",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{InCloud{[](Site& site) -> Result<void> {
                         BreakOrder order;
                         order.calls = "ecs:RegisterContainerInstance";
                         order.how = "throttle";
                         order.caller = site.instance_id;
                         order.is_hidden = true;
                         const auto added = site.cloud.breakages().add(order, Wall::now());
                         if (!added) return fail(added.error());
                         site.before["breakage"] = json::integer_at(*added, "id");
                         return {};
                     }},
                     restart_agent()};
    },
    [](const json::Object& before) {
        const auto number = json::integer_at(before, "breakage");
        return Steps{InCloud{[number](Site& site) -> Result<void> {
                         site.cloud.breakages().mend(number);
                         return {};
                     }},
                     start_agent()};
    }};

} // namespace

std::vector<Cause> credential_causes() {
    return {iam_no_creds,
            iam_denied,
            iam_denied_register,
            iam_denied_discover,
            iam_denied_telemetry,
            iam_expired,
            api_throttled};
}

} // namespace squall::lab::breaks
