// What settings that name a proxy say of its user. A password in them may have characters that
// belong encoded: programs then take the value apart elsewhere than its author meant, and repeat
// parts of the password as a host's name, in any case, or in what they complain of.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

// Of such a setting's value, all between "://" (or the beginning) and the last '@': the user's.
[[nodiscard]] std::string_view proxy_user(std::string_view value);

// Whether the agent can read no proxy out of the value, because its user's part has what must be
// percent-encoded. An '@' or ':' in a password is none of that: the last '@' counts.
[[nodiscard]] bool has_unreadable_user(std::string_view proxy);

// What to write in its place; the same for all, as it must not say the value.
inline constexpr const char* how_to_encode_proxy =
    "percent-encode the user and the password in it: `/` as %2F, `#` as %23, `?` as %3F, `%` as "
    "%25, `@` as %40, `:` as %3A, a blank as %20 (in a systemd unit write each of these % twice)";

// Secrets that are taken out of all texts. A value; may be used from several threads once learned.
class KnownSecrets {
public:
    // From the text of a file with settings, in any of the forms in which they name a proxy.
    void learn(std::string_view settings);

    // "[redacted]" in place of each, whatever its case.
    [[nodiscard]] std::string without(std::string text) const;

private:
    void add(std::string_view secret);

    std::vector<std::string> secrets_; // in lower case, the longest first
};

// Of a host whose files lie below `root`: the agent's settings, Docker's, and those of their units.
// A file system may hang: what was learned until then is what there is.
[[nodiscard]] KnownSecrets secrets_of_host(const Path& root, Millis time_max = Seconds(2));

} // namespace squall::doctor
