// What `aws sso login` leaves behind, and what the portal answers for it. Pure.
#pragma once

#include "squall/aws/credentials.h"

#include <string>
#include <string_view>

namespace squall::aws {

struct SsoToken {
    std::string access_token; // a secret
    WallTime expires;
};

// The cache's file name: AWS's tools derive it from the session's name, or without one from the
// start URL.
[[nodiscard]] std::string sso_cache_name(std::string_view session_or_start_url);

// A file of ~/.aws/sso/cache. No message shows any of it.
[[nodiscard]] Result<SsoToken> read_sso_token(std::string_view text);

// What the portal's GetRoleCredentials answers. No message shows any of it.
[[nodiscard]] Result<Credentials> read_role_credentials(std::string_view body, std::string source);

} // namespace squall::aws
