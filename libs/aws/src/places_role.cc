#include "places.h"
#include "refused_role.h"
#include "squall/aws/sts.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::aws {
namespace {

constexpr std::array<const char*, 3> sources = {
    "Environment", "Ec2InstanceMetadata", "EcsContainer"};

// Who comes first: the profile whose role assumes the next one, down to what needs no role.
struct RoleChain {
    std::vector<SharedConfig> roles; // the one that is wanted first
    std::optional<SharedConfig> source_profile;
    std::string credential_source; // empty where there is a source profile
};

tl::unexpected<ApiError> unusable(const std::string& profile, std::string_view why) {
    return fail(
        not_answered({}, {Errc::invalid_input, fmt::format("the profile '{}' {}", profile, why)}));
}

// With a token file of its own the profile's role is one for web identity.
bool has_role(const SharedConfig& config) {
    return config.get("role_arn") && !config.get("web_identity_token_file");
}

bool has_keys(const SharedConfig& config) {
    return config.get("aws_access_key_id") || config.get("aws_secret_access_key");
}

Outcome<std::string> credential_source_of(const SharedConfig& config) {
    const auto source = config.get("credential_source");
    if (!source) return std::string();
    if (config.get("source_profile"))
        return unusable(config.profile(), "has both source_profile and credential_source");
    if (std::find(sources.begin(), sources.end(), *source) == sources.end()) {
        return unusable(config.profile(),
                        "has a credential_source that there is not; there are Environment, "
                        "Ec2InstanceMetadata and EcsContainer");
    }
    return *source;
}

// Follows source_profile until a profile has credentials that are no role's.
Outcome<RoleChain> role_chain_of(const SharedConfig& config) {
    RoleChain chain;
    SharedConfig current = config;
    std::vector<std::string> seen;
    while (true) {
        const std::string& name = current.profile();
        if (const auto serial = current.get("mfa_serial")) {
            return unusable(name,
                            fmt::format("wants a one-time code ({}), and nobody can be asked for "
                                        "it here; {}",
                                        *serial,
                                        export_instead(config.profile())));
        }
        auto source = credential_source_of(current);
        if (!source) return fail(source.error());
        chain.roles.push_back(current);
        seen.push_back(name);
        if (!source->empty()) {
            chain.credential_source = std::move(*source);
            return chain;
        }
        const auto next = current.get("source_profile");
        if (!next)
            return unusable(name, "has role_arn, but no source_profile or credential_source");
        auto through = current.through(*next, fmt::format("source_profile of profile '{}'", name));
        if (!through) return fail(not_answered({}, through.error()));
        // A profile may name itself: its role is then assumed with its own keys.
        if (has_keys(*through) || !has_role(*through)) {
            chain.source_profile = std::move(*through);
            return chain;
        }
        if (std::find(seen.begin(), seen.end(), *next) != seen.end()) {
            seen.push_back(*next);
            return unusable(config.profile(),
                            "leads in a circle by source_profile: " + join(seen, " -> "));
        }
        current = std::move(*through);
    }
}

Outcome<Lookup> look_at_source(const RoleChain& chain, const LookParts& parts) {
    if (chain.credential_source == "Environment")
        return look_in_environment(parts.chain.environment);
    if (chain.credential_source == "EcsContainer") return look_in_container(parts);
    if (chain.credential_source == "Ec2InstanceMetadata") return look_in_instance(parts);
    const Environment nothing; // what a profile holds does not depend on the environment
    std::vector<std::string> said;
    for (const auto& place : places_of_profile(nothing, *chain.source_profile, parts)) {
        auto lookup = place.look();
        if (!lookup || lookup->found) return lookup;
        if (!lookup->said.empty()) said.push_back(place.name + ": " + lookup->said);
    }
    return Lookup{{}, join(said, "; ")};
}

Outcome<Credentials> credentials_of_source(const RoleChain& chain, const LookParts& parts) {
    auto lookup = look_at_source(chain, parts);
    if (!lookup) return fail(lookup.error());
    if (lookup->found) return std::move(*lookup->found);
    const std::string& wanted_by = chain.roles.back().profile();
    const std::string source =
        chain.source_profile ? fmt::format("the profile '{}'", chain.source_profile->profile())
                             : "credential_source " + chain.credential_source;
    return fail(not_answered({},
                             {Errc::denied,
                              fmt::format("{}, from which the profile '{}' wants its credentials, "
                                          "has none: {}",
                                          source,
                                          wanted_by,
                                          lookup->said)}));
}

Outcome<Credentials>
assume(const SharedConfig& config, const Credentials& base, const LookParts& parts) {
    AssumeRoleRequest request;
    request.role_arn = *config.get("role_arn");
    request.session_name = config.get("role_session_name").value_or("squall-" + random_hex(8));
    request.external_id = config.get("external_id").value_or("");
    if (const auto text = config.get("duration_seconds")) {
        const auto seconds = to_integer(*text);
        if (!seconds || *seconds < 900 || *seconds > 43'200) {
            return unusable(config.profile(),
                            "has a duration_seconds that is no number from 900 to 43200");
        }
        request.lifetime = Seconds(*seconds);
    }
    FixedCredentials given(base);
    Client client({parts.chain.sender, given, parts.chain.traffic, parts.chain.clock},
                  parts.endpoints);
    auto assumed = Sts(client).assume_role(request, parts.deadline, parts.stop);
    if (!assumed) {
        ApiError error = std::move(assumed.error());
        explain_refused_role(error, request.role_arn, request.external_id);
        error.message = fmt::format("assuming the role of the profile '{}' with the credentials of "
                                    "{}: {}",
                                    config.profile(),
                                    base.source,
                                    error.message);
        return fail(std::move(error));
    }
    assumed->source =
        fmt::format("the role {} of profile '{}'", request.role_arn, config.profile());
    return assumed;
}

} // namespace

Outcome<Lookup> look_for_profile_role(const SharedConfig& config, const LookParts& parts) {
    if (!has_role(config)) return Lookup{{}, {}};
    const auto chain = role_chain_of(config);
    if (!chain) return fail(chain.error());
    auto credentials = credentials_of_source(*chain, parts);
    for (auto role = chain->roles.rbegin(); credentials && role != chain->roles.rend(); ++role)
        credentials = assume(*role, *credentials, parts);
    if (!credentials) return fail(credentials.error());
    return Lookup{std::move(*credentials), {}};
}

} // namespace squall::aws
