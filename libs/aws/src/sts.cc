#include "squall/aws/sts.h"

#include "answer_time.h"

namespace squall::aws {
namespace {

tl::unexpected<ApiError> unusable(const std::string& action, std::string why) {
    return fail(not_answered("sts:" + action, {Errc::failed, std::move(why)}));
}

Outcome<Credentials> read_credentials(const std::string& action, const wire::XmlDocument& answer) {
    const std::string path = action + "Result/Credentials/";
    Credentials credentials{{answer.text_at(path + "AccessKeyId"),
                             answer.text_at(path + "SecretAccessKey"),
                             answer.text_at(path + "SessionToken")},
                            std::nullopt,
                            action};
    if (credentials.keys.access_key_id.empty() || credentials.keys.secret_access_key.empty())
        return unusable(action, "the answer holds no credentials");
    const auto expires = parse_answer_time(answer.text_at(path + "Expiration"));
    if (!expires) return unusable(action, "the answer's Expiration: " + expires.error().message);
    credentials.expires = *expires;
    return credentials;
}

} // namespace

Outcome<CallerIdentity> Sts::get_caller_identity(Deadline deadline, const std::stop_token& stop) {
    const std::string action = "GetCallerIdentity";
    const auto answer = client_.call_query(ServiceId::sts, action, {}, deadline, stop);
    if (!answer) return fail(answer.error());
    CallerIdentity identity{answer->text_at(action + "Result/Arn"),
                            answer->text_at(action + "Result/Account"),
                            answer->text_at(action + "Result/UserId")};
    if (identity.arn.empty()) return unusable(action, "the answer names nobody");
    return identity;
}

Outcome<Credentials>
Sts::assume_role(const AssumeRoleRequest& request, Deadline deadline, const std::stop_token& stop) {
    const std::string action = "AssumeRole";
    wire::QueryParameters parameters;
    parameters.add("RoleArn", request.role_arn);
    parameters.add("RoleSessionName", request.session_name);
    parameters.add("DurationSeconds", std::to_string(request.lifetime.count()));
    if (!request.external_id.empty()) parameters.add("ExternalId", request.external_id);
    const auto answer =
        client_.call_query(ServiceId::sts, action, std::move(parameters), deadline, stop);
    if (!answer) return fail(answer.error());
    return read_credentials(action, *answer);
}

Outcome<Credentials> Sts::assume_role_with_web_identity(const WebIdentityRequest& request,
                                                        Deadline deadline,
                                                        const std::stop_token& stop) {
    const std::string action = "AssumeRoleWithWebIdentity";
    wire::QueryParameters parameters;
    parameters.add("RoleArn", request.role_arn);
    parameters.add("RoleSessionName", request.session_name);
    parameters.add("DurationSeconds", std::to_string(request.lifetime.count()));
    parameters.add("WebIdentityToken", request.token);
    const auto answer =
        client_.call_query(ServiceId::sts, action, std::move(parameters), deadline, stop);
    if (!answer) return fail(answer.error());
    return read_credentials(action, *answer);
}

} // namespace squall::aws
