// Takes out what must not leave a host: keys, tokens, registry credentials, passwords in URLs.
#pragma once

#include <string>
#include <string_view>

namespace squall::doctor {

// The same text with "[redacted]" in place of secrets: AWS keys and session tokens (wherever they
// stand), Authorization headers and presigned signatures, ECS_ENGINE_AUTH_DATA, user:password@ of
// URLs, and values of names that mean a secret (…PASSWORD…, …SECRET…, …TOKEN…), as KEY=VALUE, as
// JSON members and as command line options. What looks like a secret and is none is taken out too.
// Never longer than a few bytes per secret more than the input; any bytes are allowed.
[[nodiscard]] std::string redacted(std::string_view text);

// As it, for the lines of an environment file or of /proc/PID/environ, where a name that is not
// known to be harmless has its value taken out.
[[nodiscard]] std::string redacted_settings(std::string_view text);

} // namespace squall::doctor
