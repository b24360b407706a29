// Names that are looked for in running text, where another name may end as they do.
#pragma once

#include <string_view>

namespace squall::doctor {

// `word` somewhere in `text`, behind no letter, digit, nor any of `joins`: "ecs" is in
// "amazon-ecs", and not in "codecs".
[[nodiscard]] inline bool
has_word(std::string_view text, std::string_view word, std::string_view joins = {}) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        if (at == 0) return true;
        const char before = text[at - 1];
        const bool is_letter_or_digit = (before >= 'a' && before <= 'z')
                                        || (before >= 'A' && before <= 'Z')
                                        || (before >= '0' && before <= '9');
        if (!is_letter_or_digit && joins.find(before) == std::string_view::npos) return true;
    }
    return false;
}

} // namespace squall::doctor
