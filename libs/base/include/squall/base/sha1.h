// For names that others derive so (AWS's cache of single sign-on tokens), never for security.
#pragma once

#include <string>
#include <string_view>

namespace squall {

[[nodiscard]] std::string sha1_hex(std::string_view data);

} // namespace squall
