#include "iam/directory.h"

#include "api/key_ring.h"
#include "squall/base/text.h"

namespace squall::lab::iam {
namespace {

constexpr const char* administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
constexpr const char* for_ecs_hosts =
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role";
constexpr const char* for_ssm_hosts = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

// As far as this lab has what AWS's own policies of these names are about.
constexpr std::string_view administrator_document = R"({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}]})";
constexpr std::string_view ecs_hosts_document = R"({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Resource": "*", "Action": [
        "ecs:CreateCluster", "ecs:DeregisterContainerInstance", "ecs:DiscoverPollEndpoint",
        "ecs:Poll", "ecs:RegisterContainerInstance", "ecs:StartTelemetrySession", "ecs:Submit*",
        "ecs:UpdateContainerInstancesState"]}]})";
constexpr std::string_view ssm_hosts_document = R"({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Resource": "*", "Action": [
        "ssm:UpdateInstanceInformation", "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint",
        "ec2messages:GetMessages", "ec2messages:SendReply"]}]})";

ManagedPolicy policy_of_aws(const std::string& arn, std::string_view document) {
    auto policy = parse_policy(document, PolicyKind::identity);
    SQUALL_ASSERT(policy.has_value());
    return {arn.substr(arn.rfind('/') + 1), arn, std::string(document), std::move(*policy), {}};
}

std::string trust_in_service(std::string_view service) {
    return json::text(
        json::Object{{"Version", "2012-10-17"},
                     {"Statement",
                      json::Array{json::Object{{"Effect", "Allow"},
                                               {"Principal", json::Object{{"Service", service}}},
                                               {"Action", "sts:AssumeRole"}}}}});
}

// Every user whose own policies allow it, and whoever has a token of the lab's identity provider.
std::string trust_in_account(const Directory& directory) {
    return json::text(json::Object{
        {"Version", "2012-10-17"},
        {"Statement",
         json::Array{json::Object{{"Effect", "Allow"},
                                  {"Principal", json::Object{{"AWS", directory.arn("root")}}},
                                  {"Action", "sts:AssumeRole"}},
                     json::Object{{"Effect", "Allow"},
                                  {"Principal",
                                   json::Object{{"Federated", directory.arn("oidc-provider/lab")}}},
                                  {"Action", "sts:AssumeRoleWithWebIdentity"}}}}});
}

} // namespace

Directory::Directory(std::string account) : account_(std::move(account)) {
    policies[administrator] = policy_of_aws(administrator, administrator_document);
    policies[for_ecs_hosts] = policy_of_aws(for_ecs_hosts, ecs_hosts_document);
    policies[for_ssm_hosts] = policy_of_aws(for_ssm_hosts, ssm_hosts_document);
    add_user("lab", {}).attached = {administrator};
    add_role("ecsInstanceRole", trust_in_service("ec2.amazonaws.com"), {}).attached = {
        for_ecs_hosts, for_ssm_hosts};
    add_role("ecsExternalInstanceRole", trust_in_service("ssm.amazonaws.com"), {}).attached = {
        for_ecs_hosts, for_ssm_hosts};
    add_role("web-task", trust_in_service("ecs-tasks.amazonaws.com"), {});
    Role& experiment = add_role("squall-experiment", trust_in_account(*this), {});
    experiment.attached = {administrator};
    experiment.session_max = std::chrono::hours(12);
}

std::string Directory::arn(std::string_view resource) const {
    return fmt::format("arn:aws:iam::{}:{}", account_, resource);
}

std::string Directory::role_arn_of(const Principal& principal) const {
    const auto parts = split(principal.arn, '/');
    if (parts.size() != 3 || !parts.front().ends_with(":assumed-role")) return {};
    return arn("role/" + parts[1]);
}

const Identity* Directory::identity_of(const Principal& principal) const {
    const std::string role_arn = role_arn_of(principal);
    const std::string_view whole = role_arn.empty() ? principal.arn : role_arn;
    const std::string_view name = whole.substr(whole.rfind('/') + 1);
    if (!role_arn.empty()) {
        const auto role = roles.find(name);
        return role == roles.end() ? nullptr : &role->second;
    }
    const auto user = users.find(name);
    return user == users.end() || user->second.arn != principal.arn ? nullptr : &user->second;
}

std::vector<Directory::Held> Directory::policies_of(const Identity& identity) const {
    std::vector<Held> held;
    held.reserve(identity.inline_policies.size() + identity.attached.size());
    for (const auto& [name, one] : identity.inline_policies)
        held.push_back({&one.policy, {}});
    for (const auto& attached : identity.attached) {
        if (const auto found = policies.find(attached); found != policies.end())
            held.push_back({&found->second.policy, found->first});
    }
    return held;
}

Identity& Directory::add_user(const std::string& name, WallTime now) {
    Identity& user = users[name];
    user.name = name;
    user.arn = arn("user/" + name);
    user.id = KeyRing::unique_id("AIDA", user.arn);
    user.created = now;
    return user;
}

Role& Directory::add_role(const std::string& name,
                          const std::string& trust_document,
                          WallTime now) {
    auto trust = parse_policy(trust_document, PolicyKind::trust);
    SQUALL_ASSERT(trust.has_value());
    Role& role = roles[name];
    role.name = name;
    role.arn = arn("role/" + name);
    role.id = KeyRing::unique_id("AROA", role.arn);
    role.created = now;
    role.trust_document = trust_document;
    role.trust = std::move(*trust);
    return role;
}

} // namespace squall::lab::iam
