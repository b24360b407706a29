#include "refused_role.h"

#include "refusal.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

namespace squall::aws {
namespace {

// Who a trust policy has to name for `principal`, and where a name alone does not do, on what
// condition.
struct Trusted {
    std::string arn;
    json::Object condition;
};

Trusted trusted_for(std::string_view principal) {
    const auto arn = wire::parse_arn(principal);
    if (!arn || !arn->resource.starts_with("assumed-role/")) return {std::string(principal), {}};
    const auto role = split_once(split_once(arn->resource, '/').second, '/').first;
    const std::string iam = fmt::format("arn:{}:iam::{}:", arn->partition, arn->account);
    if (!role.starts_with("AWSReservedSSO_")) return {fmt::format("{}role/{}", iam, role), {}};
    // The end of such a role's name changes when the permission set is assigned anew, and its path
    // holds a region: AWS's documentation names the account and matches the role by a condition.
    const auto stable = role.substr(0, role.rfind('_'));
    const std::string pattern =
        fmt::format("{}role/aws-reserved/sso.amazonaws.com/*{}_*", iam, stable);
    return {iam + "root", {{"ArnLike", json::Object{{"aws:PrincipalArn", pattern}}}}};
}

} // namespace

void explain_refused_role(ApiError& error,
                          std::string_view role_arn,
                          std::string_view external_id) {
    if (!lacks_permission(error) || error.action != "sts:AssumeRole") return;
    if (error.resource.empty()) error.resource = role_arn;
    const Refusal refusal = refusal_in(error.message);
    const bool is_about_trust =
        !refusal.is_explicit
        && (refusal.by == PolicyKind::unknown || refusal.by == PolicyKind::trust
            || refusal.by == PolicyKind::resource);
    if (!is_about_trust) {
        advise(error, {});
        return;
    }
    Trusted trusted = trusted_for(error.principal);
    if (trusted.arn.empty()) trusted.arn = "<the ARN of who may assume it>";
    const std::string who = owner_of_policies(error.principal);
    error.hint =
        fmt::format("the trust policy of {} has to name {}, and {} needs an Allow of "
                    "sts:AssumeRole on that role{}; add this statement to the trust policy",
                    role_arn,
                    error.principal.empty() ? who : trusted.arn,
                    who,
                    external_id.empty() ? " (does it want an ExternalId? none was sent)" : "");
    json::Object condition = std::move(trusted.condition);
    if (!external_id.empty())
        condition["StringEquals"] = json::Object{{"sts:ExternalId", external_id}};
    json::Object statement{{"Effect", "Allow"},
                           {"Principal", json::Object{{"AWS", trusted.arn}}},
                           {"Action", "sts:AssumeRole"}};
    if (!condition.empty()) statement["Condition"] = std::move(condition);
    error.statement = json::indented_text(statement);
}

} // namespace squall::aws
