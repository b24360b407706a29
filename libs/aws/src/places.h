// The places where credentials may be, one function each. An error means that something is
// configured there and does not work: nobody looks further then, because the next place would make
// us somebody else.
#pragma once

#include "squall/aws/config.h"
#include "squall/aws/credentials.h"
#include "squall/aws/environment.h"
#include "squall/aws/http_sender.h"
#include "squall/aws/metadata.h"
#include "squall/aws/sts.h"

namespace squall::aws {

struct Lookup {
    std::optional<Credentials> found;
    std::string said; // why nothing is here; empty when something was found
};

[[nodiscard]] Outcome<Lookup> look_in_environment(const Environment& environment);

// A role to assume from another profile: not supported yet, and said so.
[[nodiscard]] Outcome<Lookup> look_for_profile_role(const SharedConfig& config);

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, each else from the profile. The
// token file is read at each look: it is replaced before its token expires.
[[nodiscard]] Outcome<Lookup> look_for_web_identity(const Environment& environment,
                                                    const SharedConfig& config,
                                                    Sts& unsigned_sts,
                                                    Deadline deadline,
                                                    const std::stop_token& stop);

// sso_*: not supported yet, and said so.
[[nodiscard]] Outcome<Lookup> look_for_single_sign_on(const SharedConfig& config);

[[nodiscard]] Outcome<Lookup> look_in_credentials_file(const SharedConfig& config);

// credential_process, login_session: not supported yet, and said so.
[[nodiscard]] Outcome<Lookup> look_for_process(const SharedConfig& config);

[[nodiscard]] Outcome<Lookup> look_in_config_file(const SharedConfig& config);

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS tasks) and _FULL_URI (EKS pod identity), with
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN.
[[nodiscard]] Outcome<Lookup> look_in_container(const Environment& environment,
                                                HttpSender& direct,
                                                Clock& clock,
                                                Deadline deadline,
                                                const std::stop_token& stop);

[[nodiscard]] Outcome<Lookup> look_in_instance(MetadataClient& metadata,
                                               WallTime now,
                                               Deadline deadline,
                                               const std::stop_token& stop);

} // namespace squall::aws
