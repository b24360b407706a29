#include "cloud/api_caller.h"

#include "cloud/go_words.h"
#include "settings.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::labhost {
namespace {

using transport::NetProblem;

constexpr Seconds metadata_timeout{5};
constexpr std::chrono::minutes renew_before{15};
constexpr std::size_t credentials_file_max = 1U << 16U;
constexpr std::chrono::hours credentials_file_lifetime{1}; // then it is read again
constexpr Millis retry_unit{1000}; // the SDK waits up to this, twice as long after each attempt
constexpr Millis retry_max{20'000};

// What the SDK takes for a request that came too early, and sends again.
constexpr std::array throttling_codes{"Throttling",
                                      "ThrottlingException",
                                      "ThrottledException",
                                      "RequestThrottled",
                                      "RequestThrottledException",
                                      "TooManyRequestsException",
                                      "RequestLimitExceeded",
                                      "SlowDown"};

bool is_passing(int status, std::string_view code) {
    const bool is_throttled =
        std::find(throttling_codes.begin(), throttling_codes.end(), code) != throttling_codes.end();
    return is_throttled || status == 500 || status == 502 || status == 503 || status == 504;
}

// What the SDK puts before the error of a call that it has sent more than once.
std::string after_attempts(int attempts) {
    return attempts > 1 ? fmt::format("exceeded maximum number of attempts, {}, ", attempts)
                        : std::string();
}

CallError without_words(std::string code, std::string message) {
    CallError error{std::move(code), std::move(message), 0, {}};
    error.words = error.message;
    return error;
}

// Nothing of the chain of providers had keys: what the last ones said.
CallError no_keys(const CallError& why) {
    CallError error = why;
    error.words = fmt::format("no valid providers in chain: failed to refresh cached credentials, "
                              "{}\nopen /rotatingcreds/credentials: no such file or directory",
                              why.words);
    return error;
}

} // namespace

struct CloudCaller::Sending {
    Sending(transport::Loop& loop, CloudCall what, CallDone when_done)
        : call(std::move(what)),
          text(json::text(call.body)),
          operation(split_once(call.target, '.').second),
          done(std::move(when_done)),
          timer(loop) {}

    // operation error ECS: RegisterContainerInstance, …
    [[nodiscard]] std::string words(std::string_view what) const {
        std::string service = call.service;
        if (service == "ecs") service = "ECS";
        return fmt::format("operation error {}: {}, {}", service, operation, what);
    }

    CloudCall call;
    std::string text;
    std::string operation;
    CallDone done;
    transport::Timer timer;
    int attempt = 1;
};

CloudCaller::CloudCaller(transport::Loop& loop, CloudSettings settings)
    : loop_(loop),
      settings_(std::move(settings)),
      client_(loop, settings_.network),
      random_(std::random_device{}()) {}

Millis CloudCaller::retry_delay(int attempt) {
    const Millis most = std::min(retry_max, retry_unit * (1 << std::min(attempt - 1, 5)));
    return Millis(std::uniform_int_distribution<Millis::rep>(0, most.count())(random_));
}

// One request of the metadata service, again where nobody answers.
void CloudCaller::ask_metadata(const wire::HttpRequest& request,
                               int attempt,
                               const MetadataDone& done) {
    const auto url = wire::parse_url(settings_.metadata_url);
    if (!url) return done(fail(without_words({}, url.error().message)));
    const std::string full_url = url->origin() + request.target;
    client_.send(
        *url,
        request,
        metadata_timeout,
        [this, request, full_url, attempt, done](Result<wire::HttpResponse, NetProblem> answer) {
            const bool is_token = request.method == "PUT";
            const std::string operation =
                fmt::format("operation error ec2imds: {}, ", is_token ? "getToken" : "GetMetadata");
            if (answer && answer->status == 200) return done(std::move(answer->body));
            if (answer)
                return done(fail(
                    CallError{"EC2MetadataError",
                              fmt::format("{}: HTTP {}", request.target, answer->status),
                              answer->status,
                              fmt::format("{}http response error StatusCode: {}, request to EC2 "
                                          "IMDS failed",
                                          operation,
                                          answer->status)}));
            const bool is_late = answer.error().what == NetProblem::What::timed_out;
            if (!is_late && attempt < settings_.attempts) {
                // The timer lives as long as it is waited for.
                const auto timer = std::make_shared<transport::Timer>(loop_);
                return timer->start(retry_delay(attempt), [this, timer, request, attempt, done] {
                    ask_metadata(request, attempt + 1, done);
                });
            }
            const std::string what =
                go_request_text(is_token ? "Put" : "Get", full_url, answer.error(), Wall::now());
            done(fail(CallError{
                {},
                what,
                0,
                operation
                    + (is_late ? "request canceled, context deadline exceeded"
                               : after_attempts(attempt) + "request send failed, " + what)}));
        });
}

void CloudCaller::metadata(const std::string& path, MetadataDone done) {
    const wire::HttpRequest token{
        "PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}, {}};
    ask_metadata(
        token,
        /*attempt=*/1,
        [this, path, done = std::move(done)](Result<std::string, CallError> answer) {
            if (!answer) return done(fail(std::move(answer.error())));
            ask_metadata(
                {"GET", "/latest/" + path, {{"X-aws-ec2-metadata-token", *answer}}, {}}, 1, done);
        });
}

std::optional<CallError> CloudCaller::read_keys() {
    const auto text = read_file(credentials_file_, credentials_file_max);
    if (!text) return without_words("NoCredentialProviders", text.error().message);
    auto settings = parse_settings(*text);
    if (settings["aws_access_key_id"].empty())
        return without_words("NoCredentialProviders",
                             fmt::format("{} holds no keys", credentials_file_.string()));
    // Whoever renews them writes the file anew.
    keys_ = RoleKeys{{settings["aws_access_key_id"],
                      settings["aws_secret_access_key"],
                      settings["aws_session_token"]},
                     Wall::now() + credentials_file_lifetime};
    return std::nullopt;
}

void CloudCaller::fetch_keys(std::function<void(const std::optional<CallError>&)> done) {
    if (!credentials_file_.empty()) return done(read_keys());
    const std::string folder = "meta-data/iam/security-credentials/";
    metadata(folder, [this, folder, done = std::move(done)](Result<std::string, CallError> role) {
        if (!role) {
            role.error().words = "no EC2 IMDS role found, " + role.error().words;
            return done(no_keys(role.error()));
        }
        metadata(folder + *role, [this, role, done](Result<std::string, CallError> text) {
            if (!text) {
                text.error().words = fmt::format(
                    "failed to get {} EC2 IMDS role credentials, {}", *role, text.error().words);
                return done(no_keys(text.error()));
            }
            const auto document = json::parse_object(*text);
            if (!document)
                return done(without_words("NoCredentialProviders", document.error().message));
            const auto expires = parse_time(json::string_at(*document, "Expiration"));
            if (!expires)
                return done(without_words("NoCredentialProviders", expires.error().message));
            keys_ = RoleKeys{{std::string(json::string_at(*document, "AccessKeyId")),
                              std::string(json::string_at(*document, "SecretAccessKey")),
                              std::string(json::string_at(*document, "Token"))},
                             *expires};
            done(std::nullopt);
        });
    });
}

void CloudCaller::with_credentials(std::function<void(const std::optional<CallError>&)> done) {
    if (keys_ && keys_->expires - Wall::now() > renew_before) return done(std::nullopt);
    fetch_keys([this, done = std::move(done)](const std::optional<CallError>& error) {
        // Old keys that still last are better than none.
        if (error && keys_ && keys_->expires > Wall::now()) return done(std::nullopt);
        done(error);
    });
}

wire::Headers CloudCaller::signed_headers(const std::string& method,
                                          const std::string& target,
                                          const std::string& host,
                                          const std::string& service) const {
    wire::HttpRequest request{method, target, {{"Host", host}}, {}};
    if (keys_) wire::sign(request, keys_->credentials, region_, service, Wall::now());
    return request.headers;
}

std::string CloudCaller::endpoint_of(const std::string& service) const {
    if (!settings_.endpoint_url.empty()) return settings_.endpoint_url;
    return fmt::format(
        "https://{}.{}.amazonaws.com{}", service, region_, region_.starts_with("cn-") ? ".cn" : "");
}

void CloudCaller::call(CloudCall call, CallDone done) {
    send(std::make_shared<Sending>(loop_, std::move(call), std::move(done)));
}

void CloudCaller::send(const std::shared_ptr<Sending>& sending) {
    with_credentials([this, sending](const std::optional<CallError>& error) {
        if (error) {
            CallError told = *error;
            told.words = sending->words("get identity: get credentials: " + told.words);
            return sending->done(fail(std::move(told)));
        }
        const auto url = wire::parse_url(endpoint_of(sending->call.service));
        if (!url) return sending->done(fail(without_words({}, url.error().message)));
        wire::HttpRequest request{"POST",
                                  "/",
                                  {{"Host", url->host_header()},
                                   {"Content-Type", "application/x-amz-json-1.1"},
                                   {"Content-Length", std::to_string(sending->text.size())},
                                   {"X-Amz-Target", sending->call.target}},
                                  sending->text};
        wire::sign(request, keys_->credentials, region_, sending->call.service, Wall::now());
        // Not signed by any SDK: proxies change it.
        request.headers.push_back({"User-Agent", settings_.user_agent});
        client_.send(*url,
                     std::move(request),
                     sending->call.timeout,
                     [this, sending](Result<wire::HttpResponse, NetProblem> answer) {
                         answered(sending, std::move(answer));
                     });
    });
}

void CloudCaller::answered(const std::shared_ptr<Sending>& sending,
                           Result<wire::HttpResponse, NetProblem> answer) {
    const auto read = answer && answer->status >= 300
                          ? wire::read_error(wire::Protocol::json_1_1, *answer)
                          : decltype(wire::read_error(wire::Protocol::json_1_1, *answer)){};
    const bool is_over = answer && !is_passing(answer->status, read.error.code);
    if (!is_over && !sending->call.is_sent_once && sending->attempt < settings_.attempts)
        return sending->timer.start(retry_delay(sending->attempt++),
                                    [this, sending] { send(sending); });
    const std::string attempts = is_over ? "" : after_attempts(sending->attempt);
    if (!answer) {
        const std::string what = go_request_text(
            "Post", endpoint_of(sending->call.service) + "/", answer.error(), Wall::now());
        return sending->done(fail(
            CallError{{},
                      what,
                      0,
                      sending->words(attempts
                                     + "https response error StatusCode: 0, RequestID: , request "
                                       "send failed, "
                                     + what)}));
    }
    if (answer->status >= 300) {
        const auto& [code, message] = std::tie(read.error.code, read.error.message);
        return sending->done(
            fail(CallError{code,
                           message,
                           answer->status,
                           sending->words(fmt::format(
                               "{}https response error StatusCode: {}, RequestID: {}, {}{}: {}",
                               attempts,
                               answer->status,
                               wire::header_value(answer->headers, "x-amzn-RequestId"),
                               is_modelled(sending->operation, code) ? "" : "api error ",
                               code,
                               message))}));
    }
    auto object = json::parse_object(answer->body.empty() ? "{}" : answer->body);
    if (!object)
        return sending->done(fail(CallError{
            "SerializationException",
            object.error().message,
            answer->status,
            sending->words(fmt::format("https response error StatusCode: {}, RequestID: {}, "
                                       "deserialization failed, failed to decode response body, {}",
                                       answer->status,
                                       wire::header_value(answer->headers, "x-amzn-RequestId"),
                                       object.error().message))}));
    sending->done(std::move(*object));
}

} // namespace squall::labhost
