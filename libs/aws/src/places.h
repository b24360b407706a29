// The places where credentials may be, one function each. An error means that something is
// configured there and does not work: nobody looks further then, because the next place would make
// us somebody else.
#pragma once

#include "squall/aws/config.h"
#include "squall/aws/credential_chain.h"
#include "squall/aws/credentials.h"

#include <functional>
#include <string>
#include <vector>

namespace squall::aws {

struct Lookup {
    std::optional<Credentials> found;
    std::string said; // why nothing is here; empty when something was found, or not worth a word
};

// What a look works with; all of it outlives the look.
struct LookParts {
    const ChainParts& chain;
    const Endpoints& endpoints;
    Deadline deadline;
    const std::stop_token& stop;
};

struct Place {
    std::string name;
    std::function<Outcome<Lookup>()> look;
};

// An error of a look: what was being done, and what went wrong.
[[nodiscard]] tl::unexpected<ApiError> broken(Error error, std::string_view doing);

// What to do about a profile that we cannot use and AWS's own tool can.
[[nodiscard]] std::string export_instead(const std::string& profile);

[[nodiscard]] Outcome<Lookup> look_in_environment(const Environment& environment);

// role_arn with source_profile (and its own role_arn, and so on) or credential_source.
[[nodiscard]] Outcome<Lookup> look_for_profile_role(const SharedConfig& config,
                                                    const LookParts& parts);

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME of `environment`, each else from
// the profile. The token file is read at each look: it is replaced before its token expires.
[[nodiscard]] Outcome<Lookup> look_for_web_identity(const Environment& environment,
                                                    const SharedConfig& config,
                                                    const LookParts& parts);

// sso_account_id and sso_role_name, with sso_session or sso_start_url and sso_region: the token
// that `aws sso login` has left in ~/.aws/sso/cache. It is not renewed here: who logged in does
// that.
[[nodiscard]] Outcome<Lookup> look_for_single_sign_on(const SharedConfig& config,
                                                      const LookParts& parts);

[[nodiscard]] Outcome<Lookup> look_in_credentials_file(const SharedConfig& config);

// login_session: not supported yet, and said so.
[[nodiscard]] Outcome<Lookup> look_for_login_session(const SharedConfig& config);

// credential_process: a program that prints credentials.
[[nodiscard]] Outcome<Lookup> look_for_process(const SharedConfig& config, const LookParts& parts);

[[nodiscard]] Outcome<Lookup> look_in_config_file(const SharedConfig& config);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS tasks) and _FULL_URI (EKS pod identity), with
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN.
[[nodiscard]] Outcome<Lookup> look_in_container(const LookParts& parts);

[[nodiscard]] Outcome<Lookup> look_in_instance(const LookParts& parts);

// What one profile may hold, roles apart, in AWS's order. `environment`, `config` and `parts` must
// outlive the places.
[[nodiscard]] std::vector<Place> places_of_profile(const Environment& environment,
                                                   const SharedConfig& config,
                                                   const LookParts& parts);

} // namespace squall::aws
