#include "squall/aws/credential_chain.h"

#include "places.h"

#include <vector>

namespace squall::aws {
namespace {

struct Place {
    std::string name;
    std::function<Outcome<Lookup>()> look;
};

ApiError nothing_found(const std::vector<std::string>& said) {
    std::string text = "no credentials were found; looked at";
    for (const auto& one : said)
        text += "\n  - " + one;
    return not_answered({}, {Errc::denied, std::move(text)});
}

} // namespace

CredentialChain::CredentialChain(ChainParts parts, Endpoints endpoints, std::string profile)
    : parts_(parts),
      profile_(std::move(profile)),
      nobody_(Credentials{{}, std::nullopt, "nobody"}),
      unsigned_client_({parts.sender, nobody_, parts.traffic, parts.clock}, std::move(endpoints)),
      unsigned_sts_(unsigned_client_),
      cached_(parts.clock, [this](Deadline deadline, const std::stop_token& stop) {
          return load(deadline, stop);
      }) {}

Outcome<Credentials> CredentialChain::load(Deadline deadline, const std::stop_token& stop) {
    const auto config = SharedConfig::load(parts_.environment, profile_);
    if (!config) return fail(not_answered({}, config.error()));
    const Environment& environment = parts_.environment;
    const Environment nothing;
    const bool is_profile_named = !profile_.empty();
    const std::vector<Place> places = {
        {"environment variables",
         [&]() -> Outcome<Lookup> {
             if (is_profile_named) return Lookup{{}, "a profile was named, which goes first"};
             return look_in_environment(environment);
         }},
        {"role of the profile",
         [&] {
             return look_for_profile_role(*config);
         }},
        {"web identity",
         [&] {
             return look_for_web_identity(
                 is_profile_named ? nothing : environment, *config, unsigned_sts_, deadline, stop);
         }},
        {"single sign-on",
         [&] {
             return look_for_single_sign_on(*config);
         }},
        {config->credentials_file().string(),
         [&] {
             return look_in_credentials_file(*config);
         }},
        {"credential process",
         [&] {
             return look_for_process(*config);
         }},
        {config->config_file().string(),
         [&] {
             return look_in_config_file(*config);
         }},
        {"container",
         [&] {
             return look_in_container(environment, parts_.direct, parts_.clock, deadline, stop);
         }},
        {"EC2 instance", [&] {
             return look_in_instance(parts_.metadata, parts_.clock.wall(), deadline, stop);
         }}};
    std::vector<std::string> said;
    for (const auto& place : places) {
        if (!chosen_.empty() && place.name != chosen_) continue;
        auto lookup = place.look();
        if (!lookup) return fail(lookup.error());
        if (lookup->found) {
            chosen_ = place.name;
            return std::move(*lookup->found);
        }
        if (!lookup->said.empty()) said.push_back(place.name + ": " + lookup->said);
    }
    return fail(nothing_found(said));
}

} // namespace squall::aws
