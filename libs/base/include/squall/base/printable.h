// Text of strangers, as it may be shown.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// Valid UTF-8 without control characters, each of which (and of the wrong bytes) is a '?'; cut to
// `size_max` bytes, at a character.
[[nodiscard]] std::string printable(std::string_view text, std::size_t size_max);

} // namespace squall
