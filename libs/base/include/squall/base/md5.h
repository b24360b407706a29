// For what S3 names so (an object's ETag, Content-MD5), never for security.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// The 16 bytes of the digest.
[[nodiscard]] std::string md5(std::string_view data);
[[nodiscard]] std::string md5_hex(std::string_view data);

} // namespace squall
