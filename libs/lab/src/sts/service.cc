#include "sts/service.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/xml.h"

#include <regex>

namespace squall::lab::sts {
namespace {

constexpr std::string_view xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";

std::string response_text(const ApiCall& call,
                          const std::function<void(wire::XmlWriter&)>& result) {
    wire::XmlWriter xml;
    xml.open(call.operation + "Response", xmlns);
    xml.element(call.operation + "Result", [&] { result(xml); });
    xml.element("ResponseMetadata", [&] { xml.leaf("RequestId", call.request_id); });
    xml.close();
    return xml.text();
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

void Service::add_role(const std::string& name) {
    roles_.insert(fmt::format("arn:aws:iam::{}:role/{}", keys_.account(), name));
}

Answer Service::get_caller_identity(const ApiCall& call) {
    return AnswerBody(response_text(call, [&](wire::XmlWriter& xml) {
        xml.leaf("Arn", call.caller.arn);
        xml.leaf("UserId", call.caller.user_id);
        xml.leaf("Account", keys_.account());
    }));
}

Answer Service::assume_role(const ApiCall& call) {
    const std::string role(call.form.get("RoleArn"));
    if (!roles_.contains(role)) {
        return refuse(
            "AccessDenied",
            fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                        call.caller.arn,
                        role),
            403);
    }
    return session_answer(call, role, {});
}

Answer Service::assume_role_with_web_identity(const ApiCall& call) {
    const std::string role(call.form.get("RoleArn"));
    if (call.form.get("WebIdentityToken").empty())
        return refuse("InvalidIdentityToken", "The ID Token provided is not a valid JWT.");
    if (!roles_.contains(role))
        return refuse(
            "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403);
    return session_answer(call, role, "system:serviceaccount:lab:squall");
}

Answer
Service::session_answer(const ApiCall& call, const std::string& role, const std::string& subject) {
    static const std::regex name_pattern("[\\w+=,.@-]{2,64}");
    const std::string session(call.form.get("RoleSessionName"));
    if (!std::regex_match(session, name_pattern))
        return refuse("ValidationError",
                      "RoleSessionName must be 2 to 64 letters, digits or =,.@-");
    const auto duration = call.form.has("DurationSeconds")
                              ? to_integer(call.form.get("DurationSeconds")).value_or(0)
                              : 3600;
    if (duration < 900 || duration > 43200)
        return refuse("ValidationError", "DurationSeconds must be between 900 and 43200.");
    const AccessKey key = keys_.new_session(role, session, call.now, Seconds(duration));
    return AnswerBody(response_text(call, [&](wire::XmlWriter& xml) {
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
    }));
}

} // namespace squall::lab::sts
