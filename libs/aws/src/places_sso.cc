#include "places.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/protocol.h"
#include "sso_token.h"

namespace squall::aws {
namespace {

constexpr std::size_t token_file_max = 64U << 10U;
constexpr Seconds portal_try_timeout{10};
constexpr int portal_tries_max = 3;

// What single sign-on needs to know, all of it from the profile and its session.
struct SsoSettings {
    std::string account;
    std::string role;
    std::string start_url;
    std::string region;
    std::string session; // empty: the older kind, without one
};

Result<SsoSettings> settings_of(const SharedConfig& config) {
    SsoSettings settings;
    const std::pair<const char*, std::string*> wanted[] = {{"sso_account_id", &settings.account},
                                                           {"sso_role_name", &settings.role},
                                                           {"sso_start_url", &settings.start_url},
                                                           {"sso_region", &settings.region}};
    std::vector<std::string> missing;
    for (const auto& [key, into] : wanted) {
        auto value = config.get_for_sso(key);
        if (!value) return fail(value.error());
        if (*value)
            *into = std::move(**value);
        else
            missing.emplace_back(key);
    }
    settings.session = config.get("sso_session").value_or("");
    if (missing.empty()) return settings;
    return fail(Errc::invalid_input,
                "the profile '{}' uses single sign-on, but lacks {}",
                config.profile(),
                join(missing, ", "));
}

std::string log_in_again(const SharedConfig& config) {
    return fmt::format("log in: aws sso login --profile {}", shell_quoted(config.profile()));
}

tl::unexpected<ApiError> needs_login(const SharedConfig& config, std::string why) {
    ApiError error = not_answered({}, {Errc::denied, std::move(why)});
    error.hint = log_in_again(config);
    return fail(std::move(error));
}

Outcome<SsoToken>
token_of(const SharedConfig& config, const SsoSettings& settings, const LookParts& parts) {
    const std::string doing = fmt::format(
        "single sign-on at {} for the profile '{}'", settings.start_url, config.profile());
    const auto home = parts.chain.environment.get("HOME");
    if (!home) return broken({Errc::not_found, "there is no home directory"}, doing);
    const Path file =
        Path(*home) / ".aws/sso/cache"
        / sso_cache_name(settings.session.empty() ? settings.start_url : settings.session);
    const auto text = read_file(file, token_file_max);
    if (!text && text.error().code == Errc::not_found)
        return needs_login(config, doing + ": nobody has logged in (no " + file.string() + ")");
    if (!text) return broken(text.error(), doing);
    auto token = read_sso_token(*text);
    if (!token) {
        return needs_login(config,
                           fmt::format("{}: {}: {}", doing, file.string(), token.error().message));
    }
    if (token->expires <= parts.chain.clock.wall()) {
        return needs_login(
            config,
            fmt::format("{}: the login expired at {}", doing, rfc3339_seconds(token->expires)));
    }
    return std::move(*token);
}

// What the portal's refusal means for whoever reads it.
tl::unexpected<ApiError> refused_by_portal(const SharedConfig& config,
                                           const SsoSettings& settings,
                                           const wire::HttpResponse& answer) {
    auto read = wire::read_error(wire::Protocol::json_1_1, answer);
    ApiError error = answered_error("sso:GetRoleCredentials",
                                    std::move(read.error.code),
                                    std::move(read.error.message),
                                    read.error.status,
                                    std::move(read.request_id));
    if (answer.status == 401) error.hint = log_in_again(config);
    if (answer.status == 403) {
        error.hint = fmt::format("who logged in has to be assigned the permission set {} in the "
                                 "account {} (IAM Identity Center)",
                                 settings.role,
                                 settings.account);
    }
    return fail(std::move(error));
}

Outcome<wire::HttpResponse>
ask_portal(const wire::Url& portal, const wire::HttpRequest& request, const LookParts& parts) {
    Clock& clock = parts.chain.clock;
    Error last{Errc::timed_out, "no time left"};
    for (int i = 0; i < portal_tries_max && !parts.deadline.passed(clock.now()); ++i) {
        if (i > 0 && !clock.wait_for(Seconds(1), parts.stop)) break;
        const auto until = parts.deadline.sooner(Deadline::at(clock.now() + portal_try_timeout));
        auto answer = parts.chain.sender.send(portal, request, until, parts.stop);
        if (!answer) {
            last = answer.error();
            continue;
        }
        if (answer->status < 500 && answer->status != 429) return std::move(*answer);
        last = {Errc::unavailable, fmt::format("HTTP {}", answer->status)};
    }
    if (parts.stop.stop_requested()) last = {Errc::interrupted, "stopped"};
    return fail(not_answered("sso:GetRoleCredentials", std::move(last)));
}

} // namespace

Outcome<Lookup> look_for_single_sign_on(const SharedConfig& config, const LookParts& parts) {
    // A session alone is for services that take bearer tokens; credentials need these two.
    if (!config.get("sso_account_id") && !config.get("sso_role_name")) return Lookup{{}, {}};
    const auto settings = settings_of(config);
    if (!settings) return fail(not_answered({}, settings.error()));
    const auto portal = resolve_sso_portal(settings->region, parts.chain.environment, config);
    if (!portal) return fail(not_answered({}, portal.error()));
    const auto token = token_of(config, *settings, parts);
    if (!token) return fail(token.error());
    const std::string& base = portal->url.target;
    wire::HttpRequest request{
        "GET",
        fmt::format("{}/federation/credentials?role_name={}&account_id={}",
                    std::string_view(base).substr(0, base.size() - (base.ends_with('/') ? 1 : 0)),
                    wire::percent_encoded(settings->role),
                    wire::percent_encoded(settings->account)),
        {{"Host", portal->url.host_header()}, {"x-amz-sso_bearer_token", token->access_token}},
        {}};
    const auto answer = ask_portal(portal->url, request, parts);
    if (!answer) return fail(answer.error());
    if (answer->status != 200) return refused_by_portal(config, *settings, *answer);
    const std::string source = fmt::format("single sign-on as {} in account {} (profile '{}')",
                                           settings->role,
                                           settings->account,
                                           config.profile());
    auto found = read_role_credentials(answer->body, source);
    if (!found) return broken(found.error(), "sso:GetRoleCredentials at " + portal->url.origin());
    return Lookup{std::move(*found), {}};
}

} // namespace squall::aws
