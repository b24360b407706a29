#include "iam/authorize.h"

#include "api/operations.h"
#include "iam/resources.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::iam {
namespace {

// Most callers are: then nobody need look at what they ask for.
bool is_unlimited(const std::vector<Directory::Held>& policies) {
    bool allows_all = false;
    for (const auto& held : policies) {
        if (held.policy->is_unlimited())
            allows_all = true;
        else if (std::any_of(held.policy->statements.begin(),
                             held.policy->statements.end(),
                             [](const Statement& one) { return one.is_deny; }))
            return false;
    }
    return allows_all;
}

Verdict decide_by(const std::vector<Directory::Held>& policies,
                  const AccessRequest& request,
                  const Context& context) {
    Verdict verdict;
    for (const auto& held : policies) {
        const Decision one = decide(*held.policy, request, context);
        if (one == Decision::explicit_deny) return {one, std::string(held.arn)};
        if (one == Decision::allow) verdict.decision = one;
    }
    return verdict;
}

wire::ServiceError
refusal_error(const ApiCall& call, const AccessRequest& request, const Verdict& verdict) {
    const std::string who =
        fmt::format("User: {} is not authorized to perform: {}", call.caller.arn, request.action);
    const std::string why = reason_text(verdict, request.action);
    if (call.protocol == wire::Protocol::ec2) {
        const std::string on =
            request.resource == "*" ? "" : fmt::format(" on resource: {}", request.resource);
        return {
            "UnauthorizedOperation",
            fmt::format("You are not authorized to perform this operation. {}{}{}", who, on, why),
            403};
    }
    if (call.protocol == wire::Protocol::rest_xml) {
        return {"AccessDenied",
                fmt::format("{} on resource: \"{}\"{}", who, request.resource, why),
                403};
    }
    const std::string text = fmt::format("{} on resource: {}{}", who, request.resource, why);
    if (call.service == "sns") return {"AuthorizationError", text, 403};
    // SQS has one name for it in both of its protocols (api/query_codes.h).
    if (call.protocol == wire::Protocol::query && call.service != "sqs")
        return {"AccessDenied", text, 403};
    if (call.service == "sqs") return {"AccessDeniedException", text, 403};
    return {"AccessDeniedException", text, 400};
}

bool is_assume_role(const Statement& statement, std::string_view action, const Context& context) {
    return applies(statement, {std::string(action), {}}, context);
}

} // namespace

Context context_of(const Directory& directory, const ApiCall& call) {
    const std::string role = directory.role_arn_of(call.caller);
    Context context{{"aws:principalarn", role.empty() ? call.caller.arn : role},
                    {"aws:principalaccount", directory.account()},
                    {"aws:principaltype", role.empty() ? "User" : "AssumedRole"},
                    {"aws:userid", call.caller.user_id},
                    {"aws:requestedregion", call.region},
                    {"aws:currenttime", rfc3339_seconds(call.now)},
                    {"aws:securetransport", "false"}};
    if (role.empty())
        context["aws:username"] = call.caller.arn.substr(call.caller.arn.rfind('/') + 1);
    if (auto cluster = cluster_arn_of(call, directory.account()); !cluster.empty())
        context["ecs:cluster"] = std::move(cluster);
    if (call.service == "cloudwatch" && call.operation == "PutMetricData") {
        const auto in_form = call.form.get("Namespace");
        context["cloudwatch:namespace"] =
            std::string(in_form.empty() ? json::string_at(call.body, "Namespace") : in_form);
    }
    for (const auto& [parameter, key] : {std::pair("ExternalId", "sts:externalid"),
                                         std::pair("RoleSessionName", "sts:rolesessionname")}) {
        if (call.form.has(parameter)) context[key] = std::string(call.form.get(parameter));
    }
    return context;
}

Verdict decide(const Directory& directory,
               const Principal& caller,
               const AccessRequest& request,
               const Context& context) {
    const Identity* identity = directory.identity_of(caller);
    if (identity == nullptr) return {};
    return decide_by(directory.policies_of(*identity), request, context);
}

std::string reason_text(const Verdict& verdict, std::string_view action) {
    if (verdict.decision == Decision::explicit_deny)
        return fmt::format(" with an explicit deny in an identity-based policy{}{}",
                           verdict.denied_by.empty() ? "" : ": ",
                           verdict.denied_by);
    return fmt::format(" because no identity-based policy allows the {} action", action);
}

std::optional<wire::ServiceError> refusal(const Directory& directory, const ApiCall& call) {
    const Operation* operation = find_operation(call.service, call.operation);
    const Resource kind = operation == nullptr ? Resource::any : operation->resource;
    // Who follows a link that was sent to it has signed nothing: the link is its right.
    if (kind == Resource::nobody_asks || call.caller.arn.empty()) return std::nullopt;
    const Identity* identity = directory.identity_of(call.caller);
    const auto policies =
        identity == nullptr ? std::vector<Directory::Held>{} : directory.policies_of(*identity);
    if (is_unlimited(policies)) return std::nullopt;
    const Context context = context_of(directory, call);
    const std::string_view name =
        operation == nullptr || operation->action.empty() ? call.operation : operation->action;
    const std::string action = fmt::format("{}:{}", call.service, name);
    for (auto& resource : resources_of(call, kind, directory.account())) {
        const AccessRequest request{action, std::move(resource)};
        const Verdict verdict = decide_by(policies, request, context);
        if (verdict.decision != Decision::allow) return refusal_error(call, request, verdict);
    }
    return std::nullopt;
}

Trust trust_in(const Directory& directory,
               const Policy& trust,
               const Principal& caller,
               const Context& context) {
    const std::string role = directory.role_arn_of(caller);
    const auto named = [&](const PrincipalName& one) {
        if (one.type != "AWS") return Trust::nobody;
        if (one.value == directory.account() || one.value == directory.arn("root"))
            return Trust::account;
        const bool is_caller =
            one.value == "*" || one.value == caller.arn || (!role.empty() && one.value == role);
        return is_caller ? Trust::by_name : Trust::nobody;
    };
    Trust best = Trust::nobody;
    for (const auto& statement : trust.statements) {
        Trust here = Trust::nobody;
        for (const auto& principal : statement.principals)
            here = std::max(here, named(principal));
        if (here == Trust::nobody || !is_assume_role(statement, "sts:AssumeRole", context))
            continue;
        if (statement.is_deny) return Trust::denied;
        best = std::max(best, here);
    }
    return best;
}

bool trusts_web_identity(const Policy& trust, const Context& context) {
    bool is_trusted = false;
    for (const auto& statement : trust.statements) {
        const bool names_provider =
            std::any_of(statement.principals.begin(),
                        statement.principals.end(),
                        [](const PrincipalName& one) { return one.type == "Federated"; });
        if (!names_provider || !is_assume_role(statement, "sts:AssumeRoleWithWebIdentity", context))
            continue;
        if (statement.is_deny) return false;
        is_trusted = true;
    }
    return is_trusted;
}

} // namespace squall::lab::iam
