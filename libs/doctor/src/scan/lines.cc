#include "scan/lines.h"

#include <algorithm>
#include <cstring>

namespace squall::doctor {

// By blocks in which a byte can count: lines are short, and to find each of them costs more.
std::uint64_t count_lines(std::string_view text) {
    std::uint64_t lines = 0;
    while (!text.empty()) {
        const std::string_view block = text.substr(0, 128);
        std::uint8_t ends = 0;
        for (const char c : block)
            ends = static_cast<std::uint8_t>(ends + (c == '\n' ? 1 : 0));
        lines += ends;
        text.remove_prefix(block.size());
    }
    return lines;
}

std::size_t line_begin(std::string_view text, std::size_t at) {
    const auto* before = static_cast<const char*>(::memrchr(text.data(), '\n', at));
    return before == nullptr ? 0 : static_cast<std::size_t>(before - text.data()) + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) {
    const auto end = text.find('\n', at);
    return end == std::string_view::npos ? text.size() : end + 1;
}

std::string_view line_at(std::string_view text, std::size_t begin) {
    const auto end = line_end(text, begin);
    return text.substr(begin, end - begin - (end > begin && text[end - 1] == '\n' ? 1 : 0));
}

} // namespace squall::doctor
