#include "answer_time.h"
#include "places.h"

#include <array>

namespace squall::aws {
namespace {

tl::unexpected<ApiError> broken(Errc code, std::string message) {
    return fail(not_answered({}, {code, std::move(message)}));
}

tl::unexpected<ApiError> not_supported(const SharedConfig& config, std::string_view key) {
    return broken(Errc::invalid_input,
                  fmt::format("not supported yet: the profile '{}' has {}; give its credentials by "
                              "environment variables: eval \"$(aws configure export-credentials "
                              "--profile {} --format env)\"",
                              config.profile(),
                              key,
                              config.profile()));
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
        return broken(Errc::invalid_input,
                      fmt::format("the profile '{}' in {} has aws_access_key_id but no "
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

Outcome<Lookup> look_in_environment(const Environment& environment) {
    const auto key_id = environment.get("AWS_ACCESS_KEY_ID");
    const auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
    if (!key_id) return Lookup{{}, "AWS_ACCESS_KEY_ID is not set"};
    if (!secret) {
        return broken(Errc::invalid_input,
                      "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not: set both or "
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
        if (!expires)
            return broken(Errc::invalid_input,
                          "AWS_CREDENTIAL_EXPIRATION: " + expires.error().message);
        found.expires = *expires;
    }
    return Lookup{std::move(found), {}};
}

Outcome<Lookup> look_for_profile_role(const SharedConfig& config) {
    // With a token file of its own the profile's role is one for web identity.
    const bool has_role = config.get("role_arn") && !config.get("web_identity_token_file");
    if (!has_role) return Lookup{{}, {}};
    if (config.get("source_profile")) return not_supported(config, "role_arn and source_profile");
    if (config.get("credential_source"))
        return not_supported(config, "role_arn and credential_source");
    return not_supported(config, "role_arn");
}

Outcome<Lookup> look_for_single_sign_on(const SharedConfig& config) {
    for (const char* key : {"sso_session", "sso_start_url", "sso_account_id", "sso_role_name"}) {
        if (config.get(key)) return not_supported(config, key);
    }
    return Lookup{{}, {}};
}

Outcome<Lookup> look_for_process(const SharedConfig& config) {
    for (const char* key : {"login_session", "credential_process"}) {
        if (config.get(key)) return not_supported(config, key);
    }
    return Lookup{{}, {}};
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

} // namespace squall::aws
