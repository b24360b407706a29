#include "answer_time.h"
#include "places.h"
#include "shown_line.h"
#include "squall/aws/sts.h"
#include "squall/base/json.h"
#include "squall/base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace squall::aws {
namespace {

// STS takes tokens up to 20,000 characters.
constexpr std::size_t token_file_max = 64U << 10U;
// botocore's figures for the container endpoint.
constexpr Seconds container_try_timeout{2};
constexpr int container_tries_max = 3;
constexpr std::size_t reason_max = 200;

// {"AccessKeyId":…, "SecretAccessKey":…, "Token":…, "Expiration":…}: what containers and instances
// answer.
Result<Credentials> read_answer(std::string_view body, std::string source) {
    const auto answer = json::parse_object(body);
    if (!answer) return fail(answer.error());
    const auto code = json::string_at(*answer, "Code", "Success");
    if (code != "Success") {
        return fail(Errc::denied,
                    "{}: {}",
                    code,
                    json::string_at(*answer, "Message", json::string_at(*answer, "message")));
    }
    Credentials found{{std::string(json::string_at(*answer, "AccessKeyId")),
                       std::string(json::string_at(*answer, "SecretAccessKey")),
                       std::string(json::string_at(*answer, "Token"))},
                      std::nullopt,
                      std::move(source)};
    if (found.keys.access_key_id.empty() || found.keys.secret_access_key.empty())
        return fail(Errc::failed, "the answer holds no keys");
    const auto expires = parse_answer_time(json::string_at(*answer, "Expiration"));
    if (!expires) return fail("its Expiration", expires.error());
    found.expires = *expires;
    return found;
}

// What a refusal says for itself, where it is JSON: ECS and EKS answer {"code":…, "message":…}.
std::string reason_in(std::string_view body) {
    const auto answer = json::parse_object(body);
    if (!answer) return {};
    const std::string_view said =
        json::string_at(*answer, "message", json::string_at(*answer, "Message"));
    return said.empty() ? std::string() : ": " + shown_line(said, reason_max);
}

bool is_loopback(const std::string& host) {
    in_addr four{};
    if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24U) == 127;
    in6_addr six{};
    return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

// Only where no stranger can listen: TLS, this machine, and the link-local addresses of ECS and
// EKS. Names other than localhost are not looked up: who answers for them may be anybody.
bool may_ask_for_credentials(const wire::Url& url) {
    if (url.is_tls()) return true;
    return url.scheme == "http"
           && (url.host == "localhost" || is_loopback(url.host) || url.host == "169.254.170.2"
               || url.host == "169.254.170.23" || url.host == "fd00:ec2::23");
}

Result<wire::HttpRequest> container_request(const Environment& environment, const wire::Url& url) {
    wire::HttpRequest request{
        "GET", url.target, {{"Host", url.host_header()}, {"Accept", "application/json"}}, {}};
    std::string token = environment.get_or("AWS_CONTAINER_AUTHORIZATION_TOKEN", "");
    if (const auto file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        auto text = read_file(*file, token_file_max);
        if (!text) return fail(text.error());
        token = std::move(*text);
    }
    if (token.find_first_of("\r\n") != std::string::npos)
        return fail(Errc::invalid_input, "the authorization token holds a line break");
    if (!token.empty()) request.headers.push_back({"Authorization", std::move(token)});
    return request;
}

} // namespace

Outcome<Lookup> look_for_web_identity(const Environment& environment,
                                      const SharedConfig& config,
                                      const LookParts& parts) {
    const auto setting = [&](std::string_view variable, std::string_view key) {
        auto value = environment.get(variable);
        return value ? value : config.get(key);
    };
    const auto file = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
    if (!file) return Lookup{{}, "AWS_WEB_IDENTITY_TOKEN_FILE is not set"};
    const std::string doing = "web identity with the token in " + *file;
    const auto role = setting("AWS_ROLE_ARN", "role_arn");
    if (!role)
        return broken({Errc::invalid_input, "no role is named; set AWS_ROLE_ARN too"}, doing);
    auto token = read_file(*file, token_file_max);
    if (!token) return broken(token.error(), doing);
    WebIdentityRequest request;
    request.role_arn = *role;
    request.session_name =
        setting("AWS_ROLE_SESSION_NAME", "role_session_name").value_or("squall-" + random_hex(8));
    request.token = trimmed(*token);
    // The token says who asks: the call itself is not signed.
    FixedCredentials nobody({{}, std::nullopt, "nobody"});
    Client unsigned_client({parts.chain.sender, nobody, parts.chain.traffic, parts.chain.clock},
                           parts.endpoints);
    auto assumed =
        Sts(unsigned_client).assume_role_with_web_identity(request, parts.deadline, parts.stop);
    if (!assumed) {
        ApiError error = std::move(assumed.error());
        error.message = doing + " as " + *role + ": " + error.message;
        if (error.kind == Errc::denied) {
            error.hint = "the role's trust policy has to name this token's issuer and subject "
                         "(sts:AssumeRoleWithWebIdentity)";
        }
        return fail(std::move(error));
    }
    assumed->source = fmt::format("web identity {} as {}", *file, *role);
    return Lookup{std::move(*assumed), {}};
}

Outcome<Lookup> look_in_container(const LookParts& parts) {
    const Environment& environment = parts.chain.environment;
    Clock& clock = parts.chain.clock;
    const auto relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full)
        return Lookup{{}, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set"};
    const auto url = wire::parse_url(relative ? "http://169.254.170.2" + *relative : *full);
    if (!url) return broken(url.error(), "the container's credentials");
    const std::string doing = "the container's credentials at " + url->origin();
    if (!may_ask_for_credentials(*url)) {
        return broken({Errc::invalid_input,
                       "asked for over plain HTTP only from this machine, 169.254.170.2, "
                       "169.254.170.23 and fd00:ec2::23"},
                      doing);
    }
    Error last{Errc::timed_out, "no time left"};
    for (int i = 0; i < container_tries_max && !parts.deadline.passed(clock.now()); ++i) {
        if (i > 0 && !clock.wait_for(Seconds(1), parts.stop)) break;
        const auto request = container_request(environment, *url);
        if (!request) return broken(request.error(), doing);
        const auto until = parts.deadline.sooner(Deadline::at(clock.now() + container_try_timeout));
        const auto answer = parts.chain.direct.send(*url, *request, until, parts.stop);
        if (!answer) {
            last = answer.error();
            continue;
        }
        if (answer->status == 200) {
            auto found = read_answer(answer->body, doing);
            if (!found) return broken(found.error(), doing);
            return Lookup{std::move(*found), {}};
        }
        last = {Errc::unavailable,
                fmt::format("HTTP {}{}", answer->status, reason_in(answer->body))};
        if (answer->status < 500) break;
    }
    if (parts.stop.stop_requested()) last = {Errc::interrupted, "stopped"};
    // There it is the ECS agent of the task's own instance that answers.
    if (last.code != Errc::interrupted && url->host == "169.254.170.2")
        last.message += "; is the ECS agent of this instance running?";
    return broken(std::move(last), doing);
}

Outcome<Lookup> look_in_instance(const LookParts& parts) {
    MetadataClient& metadata = parts.chain.metadata;
    const std::string folder = "iam/security-credentials/";
    const auto roles = metadata.get(folder, parts.deadline, parts.stop);
    if (!roles && roles.error().code == Errc::interrupted)
        return broken(roles.error(), "the instance's role");
    if (!roles && roles.error().code == Errc::not_found)
        return Lookup{{}, "no role is attached to this EC2 instance; attach an instance profile"};
    if (!roles) return Lookup{{}, roles.error().message};
    const std::string role(trimmed(split_once(*roles, '\n').first));
    if (role.empty()) return Lookup{{}, "no role is attached to this EC2 instance"};
    const std::string doing = fmt::format("the role of this EC2 instance ({})", role);
    const auto body =
        metadata.get(folder + wire::percent_encoded(role), parts.deadline, parts.stop);
    if (!body) return broken(body.error(), doing);
    auto found = read_answer(*body, doing);
    if (!found) return broken(found.error(), doing);
    // While the metadata service cannot renew credentials it hands out old ones, which AWS then
    // takes for longer than they say. Use them, and look again in five minutes.
    const auto soonest =
        parts.chain.clock.wall() + CachedCredentials::advisory_window + std::chrono::minutes(5);
    if (*found->expires < soonest) found->expires = soonest;
    return Lookup{std::move(*found), {}};
}

} // namespace squall::aws
