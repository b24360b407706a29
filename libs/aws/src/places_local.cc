#include "answer_time.h"
#include "places.h"
#include "squall/base/text.h"

namespace squall::aws {
namespace {

tl::unexpected<ApiError> unusable(std::string message) {
    return fail(not_answered({}, {Errc::invalid_input, std::move(message)}));
}

using Get = std::function<std::optional<std::string>(std::string_view)>;

Outcome<Lookup> keys_of_profile(const SharedConfig& config, const Path& file, const Get& get) {
    if (file.empty()) return Lookup{{}, "there is no home directory"};
    const auto key_id = get("aws_access_key_id");
    if (!key_id) {
        return Lookup{{}, fmt::format("no aws_access_key_id in profile '{}'", config.profile())};
    }
    const auto secret = get("aws_secret_access_key");
    if (!secret) {
        return unusable(fmt::format("the profile '{}' in {} has aws_access_key_id but no "
                                    "aws_secret_access_key",
                                    config.profile(),
                                    file.string()));
    }
    // aws_security_token is what old tools wrote; botocore looks for it first.
    const auto token = get("aws_security_token");
    return Lookup{
        Credentials{{*key_id, *secret, token ? *token : get("aws_session_token").value_or("")},
                    std::nullopt,
                    fmt::format("profile '{}' in {}", config.profile(), file.string())},
        {}};
}

} // namespace

tl::unexpected<ApiError> broken(Error error, std::string_view doing) {
    error.message = fmt::format("{}: {}", doing, error.message);
    return fail(not_answered({}, std::move(error)));
}

std::string export_instead(const std::string& profile) {
    return fmt::format("give its credentials by environment variables: eval \"$(aws configure "
                       "export-credentials --profile {} --format env)\"",
                       shell_quoted(profile));
}

Outcome<Lookup> look_in_environment(const Environment& environment) {
    const auto key_id = environment.get("AWS_ACCESS_KEY_ID");
    const auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
    if (!key_id) return Lookup{{}, "AWS_ACCESS_KEY_ID is not set"};
    if (!secret) {
        return unusable("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not: set both or "
                        "none");
    }
    // AWS_SECURITY_TOKEN is what old tools set; botocore looks for it first.
    const auto token = environment.get("AWS_SECURITY_TOKEN");
    Credentials found{
        {*key_id, *secret, token ? *token : environment.get_or("AWS_SESSION_TOKEN", "")},
        std::nullopt,
        "environment variables"};
    if (const auto text = environment.get("AWS_CREDENTIAL_EXPIRATION")) {
        const auto expires = parse_answer_time(*text);
        if (!expires) return unusable("AWS_CREDENTIAL_EXPIRATION: " + expires.error().message);
        found.expires = *expires;
    }
    return Lookup{std::move(found), {}};
}

Outcome<Lookup> look_for_login_session(const SharedConfig& config) {
    if (!config.get("login_session")) return Lookup{{}, {}};
    return unusable(fmt::format("not supported yet: the profile '{}' has login_session; {}",
                                config.profile(),
                                export_instead(config.profile())));
}

Outcome<Lookup> look_in_credentials_file(const SharedConfig& config) {
    return keys_of_profile(config, config.credentials_file(), [&](std::string_view key) {
        return config.get_from_credentials(key);
    });
}

Outcome<Lookup> look_in_config_file(const SharedConfig& config) {
    return keys_of_profile(config, config.config_file(), [&](std::string_view key) {
        return config.get_from_config(key);
    });
}

std::vector<Place> places_of_profile(const Environment& environment,
                                     const SharedConfig& config,
                                     const LookParts& parts) {
    std::vector<Place> places = {{"web identity",
                                  [&] {
                                      return look_for_web_identity(environment, config, parts);
                                  }},
                                 {"single sign-on",
                                  [&] {
                                      return look_for_single_sign_on(config, parts);
                                  }},
                                 {config.credentials_file().string(),
                                  [&] {
                                      return look_in_credentials_file(config);
                                  }},
                                 {"login session",
                                  [&] {
                                      return look_for_login_session(config);
                                  }},
                                 {"credential process",
                                  [&] {
                                      return look_for_process(config, parts);
                                  }},
                                 {config.config_file().string(), [&] {
                                      return look_in_config_file(config);
                                  }}};
    // Without a home directory, or with a credentials file that is all there is.
    std::erase_if(places, [](const Place& place) { return place.name.empty(); });
    return places;
}

} // namespace squall::aws
