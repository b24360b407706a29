// Texts with wildcards, as AWS's services write them.
#pragma once

#include <string_view>

namespace squall {

enum class Wildcards {
    stars_and_questions, // IAM's: '?' is any one character
    stars,
    stars_and_escapes, // EventBridge's: \* and \\ are themselves
};

// '*' stands for any run of characters, none included. Letter by letter otherwise.
// Takes at most the product of both lengths in steps.
[[nodiscard]] bool matches_pattern(std::string_view pattern,
                                   std::string_view text,
                                   Wildcards wildcards = Wildcards::stars_and_questions);

} // namespace squall
