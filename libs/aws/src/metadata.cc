#include "squall/aws/metadata.h"

#include "squall/base/text.h"

namespace squall::aws {
namespace {

std::string address_of(const Environment& environment, const SharedConfig& config) {
    if (auto given = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")) return *given;
    if (auto given = config.get("ec2_metadata_service_endpoint")) return *given;
    const auto mode = environment.get_or("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "");
    return equal_ignoring_case(mode, "ipv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

bool is_worth_another_try(const Result<wire::HttpResponse>& answer) {
    if (answer) return answer->status >= 500 || answer->status == 429;
    return answer.error().code == Errc::timed_out || answer.error().code == Errc::unavailable
           || answer.error().code == Errc::failed;
}

} // namespace

MetadataClient::MetadataClient(HttpSender& direct,
                               Clock& clock,
                               const Environment& environment,
                               const SharedConfig& config)
    : direct_(direct),
      clock_(clock),
      address_(address_of(environment, config)),
      disabled_(environment.is_true("AWS_EC2_METADATA_DISABLED")) {}

Result<wire::HttpResponse> MetadataClient::ask(const wire::HttpRequest& request,
                                               Deadline deadline,
                                               const std::stop_token& stop) {
    auto url = wire::parse_url(address_);
    if (!url) return fail("the address of the instance metadata", url.error());
    wire::HttpRequest outgoing = request;
    const std::string_view base = url->target;
    outgoing.target =
        std::string(base.substr(0, base.size() - (base.ends_with('/') ? 1 : 0))) + request.target;
    outgoing.headers.push_back({"Host", url->host_header()});
    auto answer = Result<wire::HttpResponse>(fail(Errc::timed_out, "no time left"));
    for (int i = 0; i < tries_max && !deadline.passed(clock_.now()); ++i) {
        const Deadline try_deadline = deadline.sooner(Deadline::at(clock_.now() + try_timeout));
        answer = direct_.send(*url, outgoing, try_deadline, stop);
        if (!is_worth_another_try(answer)) break;
    }
    if (answer || answer.error().code == Errc::interrupted) return answer;
    return fail(Errc::unavailable,
                "nobody answers as instance metadata at {} (no EC2 instance, or a container kept "
                "out by the instance's hop limit of 1)",
                url->origin());
}

Result<std::string> MetadataClient::token(Deadline deadline, const std::stop_token& stop) {
    {
        const std::lock_guard lock(mutex_);
        if (!token_.empty() && clock_.now() < token_until_) return token_;
    }
    const auto lifetime = std::to_string(token_lifetime.count());
    const auto asked_at = clock_.now();
    auto answer =
        ask({"PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", lifetime}}, {}},
            deadline,
            stop);
    if (!answer) return fail(answer.error());
    if (answer->status != 200 || answer->body.empty()) {
        return fail(Errc::unavailable,
                    "{} gives no session token: HTTP {}; is it instance metadata version 2?",
                    address_,
                    answer->status);
    }
    const std::lock_guard lock(mutex_);
    token_ = std::move(answer->body);
    token_until_ = asked_at + token_lifetime;
    return token_;
}

void MetadataClient::forget(const std::string& refused_token) {
    const std::lock_guard lock(mutex_);
    if (token_ == refused_token) token_.clear();
}

Result<std::string>
MetadataClient::get(std::string_view path, Deadline deadline, const std::stop_token& stop) {
    if (disabled_) {
        return fail(Errc::refused,
                    "instance metadata is switched off by AWS_EC2_METADATA_DISABLED=true");
    }
    const std::string target = "/latest/meta-data/" + std::string(path);
    // A token that ran out early, or that an instance gave before it was stopped and started, is
    // answered with 401: one new one is worth asking for.
    for (int i = 0;; ++i) {
        const auto used = token(deadline, stop);
        if (!used) return fail(used.error());
        auto answer =
            ask({"GET", target, {{"X-aws-ec2-metadata-token", *used}}, {}}, deadline, stop);
        if (!answer) return fail(answer.error());
        if (answer->status == 200) return std::move(answer->body);
        if (answer->status == 401 && i == 0) {
            forget(*used);
            continue;
        }
        return fail(answer->status == 404 ? Errc::not_found : Errc::unavailable,
                    "{} answers {} with HTTP {}",
                    address_,
                    target,
                    answer->status);
    }
}

} // namespace squall::aws
