// Colours and what else a terminal is told by ESC [.
#pragma once

#include <string>
#include <string_view>

namespace squall::doctor {

// Behind the sequence that begins with the ESC at `at`, and never behind the line's end. `at`:
// there is none.
[[nodiscard]] inline std::size_t behind_escape(std::string_view text, std::size_t at) {
    constexpr std::size_t size_max = 32;
    if (text.substr(at, 2) != "\x1b[") return at;
    std::size_t end = at + 2;
    while (end < text.size() && end < at + size_max && (text[end] < '@' || text[end] > '~')
           && text[end] != '\n')
        ++end;
    return end < text.size() && text[end] != '\n' ? end + 1 : end;
}

[[nodiscard]] inline std::string without_escapes(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t behind = behind_escape(text, at);
        if (behind == at)
            out.push_back(text[at++]);
        else
            at = behind;
    }
    return out;
}

} // namespace squall::doctor
