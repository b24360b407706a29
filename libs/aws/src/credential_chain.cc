#include "squall/aws/credential_chain.h"

#include "places.h"

#include <vector>

namespace squall::aws {
namespace {

ApiError nothing_found(const std::vector<std::string>& said) {
    std::string text = "no credentials were found; looked at";
    for (const auto& one : said)
        text += "\n  - " + one;
    text += "\nGive them in one of these places, or name a profile that has them: AWS_PROFILE=NAME";
    return not_answered({}, {Errc::denied, std::move(text)});
}

} // namespace

CredentialChain::CredentialChain(ChainParts parts,
                                 Endpoints endpoints,
                                 std::string profile,
                                 Path only_file)
    : parts_(parts),
      endpoints_(std::move(endpoints)),
      profile_(std::move(profile)),
      only_file_(std::move(only_file)),
      cached_(parts.clock, [this](Deadline deadline, const std::stop_token& stop) {
          return load(deadline, stop);
      }) {}

Outcome<Credentials> CredentialChain::load(Deadline deadline, const std::stop_token& stop) {
    const auto config = SharedConfig::load(parts_.environment, profile_, only_file_);
    if (!config) return fail(not_answered({}, config.error()));
    const Environment& environment = parts_.environment;
    const Environment nothing;
    const bool is_file_all = !only_file_.empty();
    const bool is_profile_named = is_file_all || !profile_.empty();
    const LookParts look{parts_, endpoints_, deadline, stop};
    std::vector<Place> places;
    if (!is_file_all) {
        places.push_back({"environment variables", [&]() -> Outcome<Lookup> {
                              if (is_profile_named)
                                  return Lookup{{}, "a profile was named, which goes first"};
                              return look_in_environment(environment);
                          }});
    }
    places.push_back({"role of the profile", [&] {
                          return look_for_profile_role(*config, look);
                      }});
    for (auto& place : places_of_profile(is_profile_named ? nothing : environment, *config, look))
        places.push_back(std::move(place));
    if (!is_file_all) {
        places.push_back({"container", [&] {
                              return look_in_container(look);
                          }});
        places.push_back({"EC2 instance", [&] {
                              return look_in_instance(look);
                          }});
    }
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
