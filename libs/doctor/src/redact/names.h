// What a name says about its value.
#pragma once

#include <string_view>

namespace squall::doctor {

enum class NameKind {
    plain,
    secret,   // its value is taken out
    password, // and may have blanks in it
    header,   // of HTTP: its value goes on to the end of the line
    document, // its value is JSON, and secret all through
};

[[nodiscard]] NameKind kind_of_name(std::string_view name);
// STRIPE_KEY, GITHUB_PAT: as variables of an environment are written. What is written otherwise
// (object_key, S3Key) is as a rule the key of something that is no secret.
[[nodiscard]] bool is_key_of_environment(std::string_view name);
// Names that are followed by a colon and then by an explanation: codes of errors.
[[nodiscard]] bool is_error_code(std::string_view name);
// Settings whose values may be shown: the agent's documented variables and the host's usual ones,
// but for those that hold credentials.
[[nodiscard]] bool is_harmless_setting(std::string_view name);
// "The password is …": these say something of it, and are none.
[[nodiscard]] bool is_said_of_passwords(std::string_view word);
// Values that say something and hide nothing: true, none, required.
[[nodiscard]] bool is_harmless_value(std::string_view value);

} // namespace squall::doctor
