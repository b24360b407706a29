#include "iam/parameters.h"
#include "iam/service.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::iam {
namespace {

// Policies have one version here.
constexpr std::string_view version = "v1";

bool is_of_aws(const ManagedPolicy& policy) { return policy.arn.starts_with("arn:aws:iam::aws:"); }

void write_policy(wire::XmlWriter& xml, const ManagedPolicy& policy, std::size_t attachments) {
    xml.leaf("PolicyName", policy.name);
    xml.leaf("PolicyId", KeyRing::unique_id("ANPA", policy.arn));
    xml.leaf("Arn", policy.arn);
    xml.leaf("Path",
             policy.arn.find("/service-role/") == std::string::npos ? "/" : "/service-role/");
    xml.leaf("DefaultVersionId", version);
    xml.leaf("AttachmentCount", std::to_string(attachments));
    xml.leaf("IsAttachable", "true");
    xml.leaf("CreateDate", rfc3339_seconds(policy.created));
    xml.leaf("UpdateDate", rfc3339_seconds(policy.created));
}

} // namespace

std::size_t Service::attachments_of(std::string_view policy_arn) const {
    const auto has = [&](const auto& entry) {
        return entry.second.attached.contains(policy_arn);
    };
    return static_cast<std::size_t>(
        std::count_if(directory_.users.begin(), directory_.users.end(), has)
        + std::count_if(directory_.roles.begin(), directory_.roles.end(), has));
}

Result<ManagedPolicy*, wire::ServiceError> Service::managed_policy_of(const ApiCall& call) {
    const std::string arn(call.form.get("PolicyArn"));
    const auto found = directory_.policies.find(arn);
    if (found == directory_.policies.end())
        return no_such_entity(fmt::format("Policy {} was not found.", arn));
    return &found->second;
}

Answer Service::create_policy(const ApiCall& call) {
    const auto name = name_of(call, "PolicyName", 128);
    if (!name) return fail(name.error());
    if (auto problem = path_problem(call)) return fail(std::move(*problem));
    auto read = policy_at(call, "PolicyDocument", PolicyKind::identity, managed_policy_max);
    if (!read) return fail(read.error());
    const std::string arn = directory_.arn("policy/" + *name);
    if (directory_.policies.contains(arn))
        return refuse("EntityAlreadyExists",
                      fmt::format("A policy called {} already exists. Duplicate names are not "
                                  "allowed.",
                                  *name),
                      409);
    if (directory_.policies.size() >= Directory::policies_max)
        return refuse(
            "LimitExceeded",
            fmt::format("Cannot exceed quota for PoliciesPerAccount: {}", Directory::policies_max),
            409);
    const ManagedPolicy& policy = directory_.policies[arn] = {
        *name, arn, std::move(read->document), std::move(read->policy), call.now};
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("Policy", [&] { write_policy(xml, policy, 0); });
    });
}

Answer Service::delete_policy(const ApiCall& call) {
    const auto policy = managed_policy_of(call);
    if (!policy) return fail(policy.error());
    if (is_of_aws(**policy))
        return refuse("AccessDenied", "Cannot delete a policy that AWS manages.", 403);
    if (attachments_of((*policy)->arn) > 0)
        return delete_conflict("Cannot delete a policy attached to entities.");
    directory_.policies.erase(directory_.policies.find((*policy)->arn));
    return query_answer(call, xmlns);
}

Answer Service::get_policy(const ApiCall& call) {
    const auto policy = managed_policy_of(call);
    if (!policy) return fail(policy.error());
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("Policy", [&] { write_policy(xml, **policy, attachments_of((*policy)->arn)); });
    });
}

Answer Service::get_policy_version(const ApiCall& call) {
    const auto policy = managed_policy_of(call);
    if (!policy) return fail(policy.error());
    if (call.form.get("VersionId") != version)
        return no_such_entity(
            fmt::format("Policy {} version {} does not exist or is not attachable.",
                        (*policy)->arn,
                        call.form.get("VersionId")));
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.element("PolicyVersion", [&] {
            xml.leaf("Document", wire::percent_encoded((*policy)->document));
            xml.leaf("VersionId", version);
            xml.leaf("IsDefaultVersion", "true");
            xml.leaf("CreateDate", rfc3339_seconds((*policy)->created));
        });
    });
}

Answer Service::list_policies(const ApiCall& call) {
    const std::string_view scope = call.form.get("Scope");
    std::vector<std::string> arns;
    for (const auto& [arn, policy] : directory_.policies) {
        const bool is_wanted =
            scope == "Local" ? !is_of_aws(policy) : scope != "AWS" || is_of_aws(policy);
        const bool is_used = call.form.get("OnlyAttached") != "true" || attachments_of(arn) > 0;
        if (is_wanted && is_used) arns.push_back(arn);
    }
    return list_answer(call, "Policies", arns, [&](wire::XmlWriter& xml, const std::string& arn) {
        write_policy(xml, directory_.policies.find(arn)->second, attachments_of(arn));
    });
}

Answer Service::attach_policy(const ApiCall& call) {
    const auto holder = holder_of(call);
    if (!holder) return fail(holder.error());
    const std::string arn(call.form.get("PolicyArn"));
    if (!directory_.policies.contains(arn))
        return no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", arn));
    (*holder)->attached.insert(arn);
    return query_answer(call, xmlns);
}

Answer Service::detach_policy(const ApiCall& call) {
    const auto holder = holder_of(call);
    if (!holder) return fail(holder.error());
    const std::string arn(call.form.get("PolicyArn"));
    if ((*holder)->attached.erase(arn) == 0)
        return no_such_entity(fmt::format("Policy {} was not found.", arn));
    return query_answer(call, xmlns);
}

Answer Service::list_attached_policies(const ApiCall& call) {
    const auto holder = holder_of(call);
    if (!holder) return fail(holder.error());
    const std::vector<std::string> arns((*holder)->attached.begin(), (*holder)->attached.end());
    return list_answer(
        call, "AttachedPolicies", arns, [&](wire::XmlWriter& xml, const std::string& arn) {
            xml.leaf("PolicyName", arn.substr(arn.rfind('/') + 1));
            xml.leaf("PolicyArn", arn);
        });
}

} // namespace squall::lab::iam
