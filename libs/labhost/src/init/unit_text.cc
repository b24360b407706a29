#include "init/unit_text.h"

#include "squall/base/text.h"

#include <fmt/format.h>

namespace squall::labhost::init {
namespace {

struct Line {
    std::string text;
    std::size_t number; // of its first physical line
};

// Joins continued lines. Comments inside a continuation are dropped, and the line goes on.
std::vector<Line> logical_lines(std::string_view text) {
    std::vector<Line> lines;
    bool continued = false;
    std::size_t number = 0;
    for (const std::string& physical : split(text, '\n')) {
        ++number;
        const std::string_view content = trimmed(physical);
        const bool is_comment =
            !content.empty() && (content.front() == '#' || content.front() == ';');
        if (is_comment) continue;
        if (!continued) lines.push_back({"", number});
        std::string_view piece = physical;
        if (piece.ends_with('\r')) piece.remove_suffix(1);
        continued = piece.ends_with('\\');
        if (continued) piece.remove_suffix(1);
        lines.back().text += piece;
        if (continued) lines.back().text += ' ';
    }
    return lines;
}

} // namespace

UnitText parse_unit_text(std::string_view text, std::string_view path) {
    UnitText result;
    if (text.size() > unit_text_max) {
        result.notes.push_back(
            fmt::format("{}: too large, ignoring what is past {} bytes", path, unit_text_max));
        text = text.substr(0, unit_text_max);
    }
    if (text.find('\0') != std::string_view::npos) {
        result.notes.push_back(fmt::format("{}: contains a NUL byte, ignoring file", path));
        return result;
    }
    std::string section;
    for (const Line& line : logical_lines(text)) {
        const std::string place = fmt::format("{}:{}", path, line.number);
        const std::string_view content = trimmed(line.text);
        if (content.empty()) continue;
        if (!is_valid_utf8(content)) {
            result.notes.push_back(place + ": Invalid UTF-8, ignoring line.");
            continue;
        }
        if (content.front() == '[') {
            if (content.back() == ']') {
                section = content.substr(1, content.size() - 2);
            } else {
                section.clear();
                result.notes.push_back(place + ": Invalid section header, ignoring section.");
            }
            continue;
        }
        if (content.find('=') == std::string_view::npos) {
            result.notes.push_back(place + ": Missing '=', ignoring line.");
            continue;
        }
        if (section.empty()) {
            result.notes.push_back(place + ": Assignment outside of section. Ignoring.");
            continue;
        }
        const auto [key, value] = split_once(content, '=');
        result.assignments.push_back(
            {section, std::string(trimmed(key)), std::string(trimmed(value)), place});
    }
    return result;
}

} // namespace squall::labhost::init
