#include "refused_call.h"

#include "codes.h"
#include "http_date.h"
#include "refusal.h"
#include "refused_resources.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::aws {
namespace {

// Below this a clock is never the reason: AWS tolerates five minutes.
constexpr std::chrono::minutes tolerated{4};

constexpr std::array<std::string_view, 3> wrong_signature_codes = {
    "SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure"};
constexpr std::array<std::string_view, 3> clock_codes = {
    "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"};
constexpr std::array<std::string_view, 3> unknown_key_codes = {
    "UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure"};

bool is_off(Wall::duration difference) { return difference > tolerated || difference < -tolerated; }

std::string of_access_key(const Credentials& used) {
    return fmt::format("the access key {} from {}", used.keys.access_key_id, used.source);
}

std::string hint_for_keys(const ApiError& error, const RefusedCall& call) {
    const wire::SigningCredentials& keys = call.used.keys;
    // Temporary keys begin with ASIA, and are nothing without their token.
    if (keys.access_key_id.starts_with("ASIA") && keys.session_token.empty()) {
        return of_access_key(call.used)
               + " is a temporary one and came without its session token: give aws_session_token "
                 "(AWS_SESSION_TOKEN) too";
    }
    const auto date = parse_http_date(wire::header_value(call.answer, "Date"));
    const bool is_about_clock = is_one_of(error.code, clock_codes);
    const bool is_about_signature = is_one_of(error.code, wrong_signature_codes);
    // EC2 says RequestExpired of credentials, too.
    const bool may_be_the_keys = is_about_signature || error.code == "RequestExpired";
    if (date && (is_about_clock || is_about_signature)) {
        const Wall::duration ahead = *date - call.local_time;
        if (is_off(*date - call.signed_at) || (is_off(ahead) && !may_be_the_keys))
            return fmt::format("this machine's clock is {}: set it", clock_difference_text(ahead));
        const std::string clock =
            is_off(ahead) ? clock_difference_text(ahead) + ", which was allowed for" : "right";
        if (is_about_clock)
            return fmt::format(
                "renew {} (this machine's clock is {})", of_access_key(call.used), clock);
        return fmt::format("it is the secret key that does not belong to {} (this machine's clock "
                           "is {})",
                           of_access_key(call.used),
                           clock);
    }
    if (is_one_of(error.code, unknown_key_codes) || is_about_signature)
        return fmt::format("{}; it was {}", error.hint, of_access_key(call.used));
    return error.hint;
}

} // namespace

void explain_refused_call(ApiError& error, const RefusedCall& call) {
    if (error.kind != Errc::denied) return;
    if (!lacks_permission(error)) {
        error.hint = hint_for_keys(error, call);
        return;
    }
    // AWS writes it in another case (SNS:Publish, sqs:deletemessage), or, where it was terse, it is
    // the operation, which IAM may know by another name.
    const std::string action = action_of(call.id, error.operation);
    if (error.action == error.operation || equal_ignoring_case(error.action, action))
        error.action = action;
    advise(error, needed_resources(error, call));
}

std::string clock_difference_text(Wall::duration ahead) {
    const bool is_behind = ahead > Wall::duration::zero();
    const auto off = std::chrono::duration_cast<Seconds>(is_behind ? ahead : -ahead);
    return fmt::format("{} {} AWS's", short_duration(off), is_behind ? "behind" : "ahead of");
}

} // namespace squall::aws
