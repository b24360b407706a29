#include "squall/base/wildcards.h"

#include <cstddef>

namespace squall {

bool matches_pattern(std::string_view pattern, std::string_view text, Wildcards wildcards) {
    const bool has_questions = wildcards == Wildcards::stars_and_questions;
    const bool has_escapes = wildcards == Wildcards::stars_and_escapes;
    std::size_t p = 0;
    std::size_t t = 0;
    // Only the last '*' need ever be tried again: what the ones before it took is enough.
    std::size_t star = std::string_view::npos;
    std::size_t star_text = 0;
    while (t < text.size()) {
        const bool is_escaped = has_escapes && p + 1 < pattern.size() && pattern[p] == '\\';
        const std::size_t letter = is_escaped ? p + 1 : p;
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_text = t;
        } else if (letter < pattern.size()
                   && ((has_questions && pattern[p] == '?') || pattern[letter] == text[t])) {
            p = letter + 1;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

} // namespace squall
