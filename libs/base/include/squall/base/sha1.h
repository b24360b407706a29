// For what others derive so (names in AWS's cache of single sign-on tokens; S3's URLs of the first
// signature version), never for security of our own.
#pragma once

#include <string>
#include <string_view>

namespace squall {

[[nodiscard]] std::string sha1_hex(std::string_view data);
// The 20 bytes of it.
[[nodiscard]] std::string hmac_sha1(std::string_view key, std::string_view data);

} // namespace squall
