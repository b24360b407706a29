// Texts with wildcards, as IAM writes them.
#pragma once

#include <string_view>

namespace squall::lab {

// '*' stands for any run of characters, none included, and '?' for one. Letter by letter otherwise.
// Takes at most the product of both lengths in steps.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view text);

} // namespace squall::lab
