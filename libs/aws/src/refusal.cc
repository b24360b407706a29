#include "refusal.h"

#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

#include <algorithm>
#include <array>

namespace squall::aws {
namespace {

struct Policy {
    PolicyKind kind;
    std::string_view in_aws_words;
    std::string_view name;
    std::string_view whose; // who can change it
};

constexpr std::array<Policy, 9> policies = {{
    {PolicyKind::identity,
     "identity-based policy",
     "an identity-based policy",
     "whoever administers that user or role"},
    {PolicyKind::boundary,
     "permissions boundary",
     "the permissions boundary",
     "whoever set the boundary of that user or role"},
    {PolicyKind::session,
     "session policy",
     "the session policy",
     "whoever made this session and gave it that policy"},
    {PolicyKind::resource,
     "resource-based policy",
     "the resource's own policy",
     "the owner of the resource"},
    {PolicyKind::trust, "role trust policy", "the role's trust policy", "the owner of the role"},
    {PolicyKind::vpc_endpoint,
     "VPC endpoint policy",
     "the policy of the VPC endpoint",
     "the owner of that endpoint"},
    {PolicyKind::service_control,
     "service control policy",
     "a service control policy",
     "the administrators of the AWS organization (its management account)"},
    {PolicyKind::resource_control,
     "resource control policy",
     "a resource control policy",
     "the administrators of the AWS organization (its management account)"},
    {PolicyKind::unknown, "policy", "a policy", "whoever wrote it"},
}};

const Policy& policy_of(PolicyKind kind) {
    return *std::find_if(policies.begin(), policies.end(), [kind](const Policy& policy) {
        return policy.kind == kind;
    });
}

// What stands behind `marker` up to the next blank, without the full stop that may end a sentence.
std::string word_after(std::string_view text, std::string_view marker) {
    const std::size_t at = text.find(marker);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + marker.size());
    const std::size_t start = text.find_first_not_of(": ");
    if (start == std::string_view::npos) return {};
    text.remove_prefix(start);
    std::string word(text.substr(0, text.find_first_of(" \t\r\n")));
    while (!word.empty() && (word.back() == '.' || word.back() == ','))
        word.pop_back();
    return word;
}

// EC2: "… Encoded authorization failure message: <base64-like text>".
std::string take_encoded(std::string& message) {
    constexpr std::string_view marker = "Encoded authorization failure message";
    const std::size_t at = message.find(marker);
    if (at == std::string::npos) return {};
    std::string encoded = word_after(std::string_view(message).substr(at), marker);
    message = trimmed(std::string_view(message).substr(0, at));
    return encoded;
}

std::string hint_for_bad_credentials(std::string_view code) {
    if (code.starts_with("ExpiredToken")) return "renew the credentials";
    if (code == "UnrecognizedClientException" || code == "InvalidClientTokenId")
        return "AWS does not know this access key: it was deleted, is mistyped, lacks its session "
               "token, or belongs to another partition";
    if (code == "SignatureDoesNotMatch" || code == "InvalidSignatureException"
        || code == "AuthFailure")
        return "check that the secret key belongs to the access key, and this machine's clock";
    if (code == "OptInRequired") return "the account has not enabled this region or service";
    return {};
}

// Where a statement helps, and how to call that place; empty where none does.
std::string place_for_statement(PolicyKind kind, std::string_view principal) {
    const std::string owner = owner_of_policies(principal);
    switch (kind) {
    case PolicyKind::unknown:
    case PolicyKind::identity:
        return "a policy of " + owner;
    case PolicyKind::boundary:
        return "the permissions boundary of " + owner;
    case PolicyKind::session:
        return "the session policy with which this session was made";
    default:
        return {};
    }
}

json::Value one_or_many(std::span<const std::string> texts) {
    if (texts.size() == 1) return json::Value(texts.front());
    json::Array array;
    for (const auto& text : texts)
        array.emplace_back(text);
    return array;
}

} // namespace

Refusal refusal_in(std::string_view message) {
    Refusal refusal;
    std::size_t at = message.find("explicit deny");
    refusal.is_explicit = at != std::string_view::npos;
    if (!refusal.is_explicit) at = message.find("because no ");
    if (at == std::string_view::npos) return refusal;
    const std::string_view rest = message.substr(at);
    // The last of the table is in every name.
    const auto named = std::find_if(policies.begin(), policies.end(), [&](const Policy& policy) {
        return rest.find(policy.in_aws_words) != std::string_view::npos;
    });
    if (named != policies.end()) refusal.by = named->kind;
    return refusal;
}

bool lacks_permission(const ApiError& error) {
    // The last one is SNS's.
    return error.code.starts_with("AccessDenied") || error.code == "UnauthorizedOperation"
           || error.code == "AuthorizationError";
}

std::string owner_of_policies(std::string_view principal) {
    const auto arn = wire::parse_arn(principal);
    if (!arn) return principal.empty() ? "these credentials" : std::string(principal);
    const auto [kind, rest] = split_once(arn->resource, '/');
    if (kind == "root") return "the root user of account " + arn->account;
    if (kind == "user") return fmt::format("the user {} (account {})", arn->id(), arn->account);
    if (kind != "assumed-role" && kind != "role") return std::string(principal);
    const std::string role(kind == "role" ? arn->id() : split_once(rest, '/').first);
    constexpr std::string_view single_sign_on = "AWSReservedSSO_";
    if (role.starts_with(single_sign_on)) {
        // Such roles belong to IAM Identity Center: they cannot be edited in the account.
        const std::string_view set = std::string_view(role).substr(single_sign_on.size());
        return fmt::format("the permission set {} in IAM Identity Center (account {})",
                           set.substr(0, set.rfind('_')),
                           arn->account);
    }
    return fmt::format("the role {} (account {})", role, arn->account);
}

void advise(ApiError& error, std::span<const std::string> resources) {
    error.statement.clear();
    const Refusal refusal = refusal_in(error.message);
    const Policy& policy = policy_of(refusal.by);
    const std::string named(error.resource.empty() ? "*" : error.resource);
    const std::span<const std::string> on = resources.empty() ? std::span(&named, 1) : resources;
    const std::string place = place_for_statement(refusal.by, error.principal);
    if (refusal.is_explicit) {
        error.hint = fmt::format("{} denies this outright, so that adding a statement elsewhere "
                                 "does not help: only {} can take that Deny back",
                                 policy.name,
                                 policy.whose);
    } else if (place.empty()) {
        error.hint = fmt::format("{} does not allow {}, so that adding a statement elsewhere does "
                                 "not help: only {} can allow it there",
                                 policy.name,
                                 error.action,
                                 policy.whose);
    } else {
        const bool is_all_said = error.message.find("User:") != std::string::npos
                                 && error.message.find(error.action) != std::string::npos
                                 && !error.resource.empty();
        error.hint = is_all_said ? std::string()
                                 : fmt::format("{} may not {} on {}; ",
                                               error.principal.empty() ? "these credentials"
                                                                       : error.principal,
                                               error.action,
                                               join(on, ", "));
        error.hint += "add this statement to " + place;
        error.statement = json::indented_text(json::Object{
            {"Effect", "Allow"}, {"Action", error.action}, {"Resource", one_or_many(on)}});
    }
    if (!error.encoded.empty()) {
        const std::string decode =
            "AWS's reason: aws sts decode-authorization-message --encoded-message "
            + shell_quoted(error.encoded);
        error.hint = decode + "; " + error.hint;
    }
}

void explain_refusal(ApiError& error) {
    error.encoded = take_encoded(error.message);
    // "User: ARN is not authorized to perform: ecs:X on resource: ARN because …"; web identity:
    // "Not authorized to perform sts:AssumeRoleWithWebIdentity".
    error.action = word_after(error.message, "uthorized to perform");
    if (error.action.find(':') == std::string::npos) error.action = error.operation;
    if (error.message.find("is not authorized") != std::string::npos)
        error.principal = word_after(error.message, "User:");
    error.resource = word_after(error.message, "on resource:");
    // S3 puts it between quotes.
    if (error.resource.size() > 1 && error.resource.starts_with('"')
        && error.resource.ends_with('"'))
        error.resource = error.resource.substr(1, error.resource.size() - 2);
    if (lacks_permission(error))
        advise(error, {});
    else
        error.hint = hint_for_bad_credentials(error.code);
}

} // namespace squall::aws
