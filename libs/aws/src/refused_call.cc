#include "refused_call.h"

#include "codes.h"
#include "http_date.h"
#include "refusal.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/arn.h"

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

// ARNs as this account would have them.
class ArnMaker {
public:
    ArnMaker(std::string_view principal, std::string_view region) : region_(region) {
        if (region.starts_with("cn-")) partition_ = "aws-cn";
        if (region.starts_with("us-gov-")) partition_ = "aws-us-gov";
        const auto caller = wire::parse_arn(principal);
        if (!caller) return;
        partition_ = caller->partition;
        account_ = caller->account;
    }

    [[nodiscard]] std::string
    make(std::string_view service, std::string_view account, std::string_view resource) const {
        return fmt::format("arn:{}:{}:{}:{}:{}", partition_, service, region_, account, resource);
    }

    [[nodiscard]] std::string ours(std::string_view service, std::string_view resource) const {
        return make(service, account_, resource);
    }

    // Of a cluster by name or ARN; `kind` is cluster, or container-instance and the like.
    [[nodiscard]] std::string
    in_cluster(std::string_view cluster, std::string_view kind, std::string_view rest) const {
        auto arn = wire::parse_arn(cluster);
        const std::string name(arn ? arn->id() : cluster);
        const std::string resource = fmt::format("{}/{}{}", kind, name, rest);
        if (!arn) return ours("ecs", resource);
        arn->resource = resource;
        return arn->text();
    }

private:
    std::string_view region_;
    std::string partition_ = "aws";
    std::string account_ = "*";
};

std::vector<std::string> resources_of_send_command(const json::Object& input,
                                                   const ArnMaker& arns) {
    // AWS's own documents have no account; the star matches that too.
    std::vector<std::string> resources{arns.make(
        "ssm", "*", fmt::format("document/{}", json::string_at(input, "DocumentName", "*")))};
    const auto& ids = json::array_at(input, "InstanceIds");
    const auto has = [&](std::string_view prefix) {
        return std::any_of(ids.begin(), ids.end(), [&](const json::Value& id) {
            return json::string_of(id).starts_with(prefix);
        });
    };
    if (has("i-") || ids.empty()) resources.push_back(arns.ours("ec2", "instance/*"));
    if (has("mi-")) resources.push_back(arns.ours("ssm", "managed-instance/*"));
    return resources;
}

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

std::vector<std::string> needed_resources(const ApiError& error, const RefusedCall& call) {
    // Where AWS refuses something else than the operation, the call's input says nothing about it.
    if (error.action != error.operation || service(call.id).target.empty()) return {};
    const auto input = json::parse_object(call.body);
    if (!input) return {};
    const ArnMaker arns(error.principal, call.region);
    const std::string_view cluster = json::string_at(*input, "cluster", "default");
    if (error.action == "ecs:ListContainerInstances")
        return {arns.in_cluster(cluster, "cluster", "")};
    if (error.action == "ecs:DescribeContainerInstances")
        return {arns.in_cluster(cluster, "container-instance", "/*")};
    if (error.action == "ecs:DescribeServices") return {arns.in_cluster(cluster, "service", "/*")};
    if (error.action == "ssm:SendCommand") return resources_of_send_command(*input, arns);
    std::vector<std::string> resources;
    if (error.action == "ecs:DescribeClusters") {
        for (const auto& one : json::array_at(*input, "clusters"))
            resources.push_back(arns.in_cluster(json::string_of(one), "cluster", ""));
    }
    return resources;
}

void explain_refused_call(ApiError& error, const RefusedCall& call) {
    if (error.kind != Errc::denied) return;
    if (lacks_permission(error))
        advise(error, needed_resources(error, call));
    else
        error.hint = hint_for_keys(error, call);
}

std::string clock_difference_text(Wall::duration ahead) {
    const bool is_behind = ahead > Wall::duration::zero();
    const auto off = std::chrono::duration_cast<Seconds>(is_behind ? ahead : -ahead);
    return fmt::format("{} {} AWS's", short_duration(off), is_behind ? "behind" : "ahead of");
}

} // namespace squall::aws
