#include "cloud/api_caller.h"

#include "settings.h"
#include "squall/base/time_text.h"
#include "squall/transport/http_client.h"

namespace squall::labhost {
namespace {

constexpr Seconds metadata_timeout{5};
constexpr std::chrono::minutes renew_before{15};
constexpr std::size_t credentials_file_max = 1U << 16U;
constexpr std::chrono::hours credentials_file_lifetime{1}; // then it is read again

} // namespace

CloudCaller::CloudCaller(transport::Loop& loop,
                         std::string metadata_url,
                         std::string endpoint_url,
                         std::string user_agent)
    : loop_(loop),
      metadata_url_(std::move(metadata_url)),
      endpoint_url_(std::move(endpoint_url)),
      user_agent_(std::move(user_agent)) {}

void CloudCaller::get(const std::string& token,
                      const std::string& path,
                      std::function<void(Result<std::string, CallError>)> done) {
    const auto url = wire::parse_url(metadata_url_);
    if (!url) return done(fail(CallError{{}, url.error().message, 0}));
    wire::HttpRequest request{"GET", "/latest/" + path, {{"X-aws-ec2-metadata-token", token}}, {}};
    transport::send_async(
        loop_,
        *url,
        std::move(request),
        metadata_timeout,
        [done = std::move(done), path](Result<wire::HttpResponse> answer) {
            if (!answer) return done(fail(CallError{{}, answer.error().message, 0}));
            if (answer->status != 200)
                return done(fail(CallError{"EC2MetadataError",
                                           fmt::format("{}: HTTP {}", path, answer->status),
                                           answer->status}));
            done(std::move(answer->body));
        });
}

void CloudCaller::metadata(const std::string& path,
                           std::function<void(Result<std::string, CallError>)> done) {
    const auto url = wire::parse_url(metadata_url_);
    if (!url) return done(fail(CallError{{}, url.error().message, 0}));
    wire::HttpRequest request{
        "PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}, {}};
    transport::send_async(loop_,
                          *url,
                          std::move(request),
                          metadata_timeout,
                          [this, path, done = std::move(done)](Result<wire::HttpResponse> answer) {
                              if (!answer)
                                  return done(fail(CallError{{}, answer.error().message, 0}));
                              if (answer->status != 200)
                                  return done(
                                      fail(CallError{"EC2MetadataError",
                                                     fmt::format("token: HTTP {}", answer->status),
                                                     answer->status}));
                              get(answer->body, path, done);
                          });
}

std::optional<CallError> CloudCaller::read_keys() {
    const auto text = read_file(credentials_file_, credentials_file_max);
    if (!text) return CallError{"NoCredentialProviders", text.error().message, 0};
    auto settings = parse_settings(*text);
    if (settings["aws_access_key_id"].empty())
        return CallError{"NoCredentialProviders",
                         fmt::format("{} holds no keys", credentials_file_.string()),
                         0};
    // Whoever renews them writes the file anew.
    keys_ = RoleKeys{{settings["aws_access_key_id"],
                      settings["aws_secret_access_key"],
                      settings["aws_session_token"]},
                     Wall::now() + credentials_file_lifetime};
    return std::nullopt;
}

void CloudCaller::fetch_keys(std::function<void(const std::optional<CallError>&)> done) {
    if (!credentials_file_.empty()) return done(read_keys());
    metadata(
        "meta-data/iam/security-credentials/",
        [this, done = std::move(done)](Result<std::string, CallError> role) {
            if (!role) return done(role.error());
            metadata(
                "meta-data/iam/security-credentials/" + *role,
                [this, done](Result<std::string, CallError> text) {
                    if (!text) return done(text.error());
                    const auto document = json::parse_object(*text);
                    if (!document)
                        return done(
                            CallError{"NoCredentialProviders", document.error().message, 0});
                    const auto expires = parse_time(json::string_at(*document, "Expiration"));
                    if (!expires)
                        return done(CallError{"NoCredentialProviders", expires.error().message, 0});
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

void CloudCaller::call(const std::string& service,
                       const std::string& target,
                       json::Object body,
                       Millis timeout,
                       CallDone done) {
    with_credentials([this,
                      service,
                      target,
                      text = json::text(std::move(body)),
                      timeout,
                      done = std::move(done)](const std::optional<CallError>& error) {
        if (error) return done(fail(*error));
        const auto url = wire::parse_url(endpoint_url_);
        if (!url) return done(fail(CallError{{}, url.error().message, 0}));
        wire::HttpRequest request{"POST",
                                  "/",
                                  {{"Host", url->host_header()},
                                   {"Content-Type", "application/x-amz-json-1.1"},
                                   {"Content-Length", std::to_string(text.size())},
                                   {"X-Amz-Target", target}},
                                  text};
        wire::sign(request, keys_->credentials, region_, service, Wall::now());
        // Not signed by any SDK: proxies change it.
        request.headers.push_back({"User-Agent", user_agent_});
        transport::send_async(
            loop_, *url, std::move(request), timeout, [done](Result<wire::HttpResponse> answer) {
                if (!answer) return done(fail(CallError{{}, answer.error().message, 0}));
                if (answer->status >= 300) {
                    const auto read = wire::read_error(wire::Protocol::json_1_1, *answer);
                    return done(
                        fail(CallError{read.error.code, read.error.message, answer->status}));
                }
                auto object = json::parse_object(answer->body.empty() ? "{}" : answer->body);
                if (!object)
                    return done(fail(CallError{
                        "SerializationException", object.error().message, answer->status}));
                done(std::move(*object));
            });
    });
}

} // namespace squall::labhost
