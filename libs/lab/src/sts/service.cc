#include "sts/service.h"

#include "api/query_answer.h"
#include "iam/authorize.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <regex>

namespace squall::lab::sts {
namespace {

constexpr std::string_view xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";

// Nobody learns from a refusal whether the role is there.
tl::unexpected<wire::ServiceError> refuse_role(const ApiCall& call, const std::string& why = {}) {
    return refuse(
        "AccessDenied",
        fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}{}",
                    call.caller.arn,
                    call.form.get("RoleArn"),
                    why),
        403);
}

// AWS looks at the parameters before it looks at who may do what.
std::optional<wire::ServiceError> problem_with(const ApiCall& call) {
    static const std::regex name_pattern("[\\w+=,.@-]*");
    static const std::regex arn_pattern("arn:[^:]+:[^:]+:[^:]*:[0-9]{12}:.+");
    const auto invalid = [](std::string message) {
        return wire::ServiceError{"ValidationError", std::move(message), 400};
    };
    const std::string role(call.form.get("RoleArn"));
    if (!std::regex_match(role, arn_pattern)) return invalid(role.substr(0, 200) + " is invalid");
    const std::string session(call.form.get("RoleSessionName"));
    const auto constraint = [&](std::string_view what) {
        return invalid(fmt::format("1 validation error detected: Value '{}' at 'roleSessionName' "
                                   "failed to satisfy constraint: {}",
                                   session.substr(0, 200),
                                   what));
    };
    if (!std::regex_match(session, name_pattern))
        return constraint("Member must satisfy regular expression pattern: [\\w+=,.@-]*");
    if (session.size() < 2) return constraint("Member must have length greater than or equal to 2");
    if (session.size() > 64) return constraint("Member must have length less than or equal to 64");
    return std::nullopt;
}

} // namespace

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"GetCallerIdentity", &Service::get_caller_identity},
        {"AssumeRole", &Service::assume_role},
        {"AssumeRoleWithWebIdentity", &Service::assume_role_with_web_identity},
    };
    return call_operation(*this, operations, call);
}

const iam::Role* Service::role_of(const ApiCall& call) const {
    const std::string_view arn = call.form.get("RoleArn");
    const auto found = directory_.roles.find(arn.substr(arn.rfind('/') + 1));
    return found == directory_.roles.end() || found->second.arn != arn ? nullptr : &found->second;
}

Answer Service::get_caller_identity(const ApiCall& call) {
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        xml.leaf("Arn", call.caller.arn);
        xml.leaf("UserId", call.caller.user_id);
        xml.leaf("Account", keys_.account());
    });
}

Answer Service::assume_role(const ApiCall& call) {
    constexpr const char* action = "sts:AssumeRole";
    if (auto problem = problem_with(call)) return fail(std::move(*problem));
    const iam::Role* role = role_of(call);
    if (role == nullptr) return refuse_role(call);
    const iam::Context context = iam::context_of(directory_, call);
    const iam::Trust trust = iam::trust_in(directory_, role->trust, call.caller, context);
    if (trust == iam::Trust::nobody || trust == iam::Trust::denied) return refuse_role(call);
    const iam::Verdict own = iam::decide(directory_, call.caller, {action, role->arn}, context);
    const bool is_allowed =
        own.decision == iam::Decision::allow
        || (own.decision == iam::Decision::implicit_deny && trust == iam::Trust::by_name);
    if (!is_allowed) return refuse_role(call, iam::reason_text(own, action));
    return session_answer(call, *role, {});
}

Answer Service::assume_role_with_web_identity(const ApiCall& call) {
    if (auto problem = problem_with(call)) return fail(std::move(*problem));
    if (call.form.get("WebIdentityToken").empty())
        return refuse("InvalidIdentityToken", "The ID Token provided is not a valid JWT.");
    const iam::Role* role = role_of(call);
    if (role == nullptr
        || !iam::trusts_web_identity(role->trust, iam::context_of(directory_, call)))
        return refuse(
            "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403);
    return session_answer(call, *role, "system:serviceaccount:lab:squall");
}

Answer
Service::session_answer(const ApiCall& call, const iam::Role& role, const std::string& subject) {
    const std::string session(call.form.get("RoleSessionName"));
    const auto duration = call.form.has("DurationSeconds")
                              ? to_integer(call.form.get("DurationSeconds")).value_or(0)
                              : 3600;
    if (duration < 900 || duration > 43200)
        return refuse("ValidationError", "DurationSeconds must be between 900 and 43200.");
    if (!directory_.role_arn_of(call.caller).empty() && Seconds(duration) > chained_session_max)
        return refuse("ValidationError",
                      "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                      "assumed by role chaining.");
    if (Seconds(duration) > role.session_max)
        return refuse("ValidationError",
                      "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                      "role.");
    const AccessKey key = keys_.new_session(role.arn, session, call.now, Seconds(duration));
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        if (!subject.empty()) xml.leaf("SubjectFromWebIdentityToken", subject);
        xml.element("AssumedRoleUser", [&] {
            xml.leaf("AssumedRoleId", key.principal.user_id);
            xml.leaf("Arn", key.principal.arn);
        });
        xml.element("Credentials", [&] {
            xml.leaf("AccessKeyId", key.credentials.access_key_id);
            xml.leaf("SecretAccessKey", key.credentials.secret_access_key);
            xml.leaf("SessionToken", key.credentials.session_token);
            xml.leaf("Expiration", rfc3339_seconds(*key.expires));
        });
    });
}

} // namespace squall::lab::sts
