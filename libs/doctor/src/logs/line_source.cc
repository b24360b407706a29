#include "logs/line_source.h"

#include "squall/base/text.h"
#include "squall/doctor/log_kind.h"

#include <algorithm>

namespace squall::doctor {
namespace {

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '-' || c == '_' || c == '/' || c == '@';
}

// "12:" or "12-".
std::optional<std::uint64_t> take_number(std::string_view& text) {
    const auto digits = text.find_first_not_of("0123456789");
    if (digits == std::string_view::npos || digits == 0) return std::nullopt;
    if (text[digits] != ':' && text[digits] != '-') return std::nullopt;
    const auto number = to_integer(text.substr(0, digits));
    if (!number) return std::nullopt;
    text.remove_prefix(digits + 1);
    return static_cast<std::uint64_t>(*number);
}

// How long the name of a file is that grep may have put in front.
std::size_t file_name_size(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && end < 300 && is_name_character(text[end]))
        ++end;
    if (end < 3) return 0;
    const std::string_view name = text.substr(0, end);
    const bool is_file = name.find_first_of("./") != std::string_view::npos
                         || (end < text.size() && (text[end] == ':' || text[end] == '-')
                             && log_name(name).kind != LogKind::unknown); // "messages"
    return is_file ? end : 0;
}

// "name  | "
bool take_service(std::string_view& text) {
    constexpr std::size_t name_max = 128;
    std::size_t end = 0;
    while (end < std::min(text.size(), name_max) && text[end] != '/'
           && is_name_character(text[end]))
        ++end;
    const std::size_t name = end;
    while (end < text.size() && text[end] == ' ')
        ++end;
    if (name == 0 || end == name || text.substr(end, 1) != "|") return false;
    if (end + 1 < text.size() && text[end + 1] != ' ') return false;
    text.remove_prefix(std::min(text.size(), end + 2));
    return true;
}

} // namespace

// "./var/log/ecs/ecs-agent.log:12:level=…", as grep -n names what it found.
bool take_grep_prefix(Unwrapping& line) {
    const std::size_t end = file_name_size(line.text);
    if (end == 0 || end >= line.text.size() || line.text[end] != ':') return false;
    const std::string_view rest = line.text.substr(end + 1);
    std::string_view behind = rest;
    const auto number = take_number(behind);
    const bool is_numbered = number && begins_record(behind);
    if (!is_numbered && !begins_record(rest)) return false;
    line.source = line.text.substr(0, end);
    if (is_numbered) line.number = number;
    line.text = is_numbered ? behind : rest;
    return true;
}

// "12:level=…", as grep -n numbers the lines of one file.
bool take_line_number(Unwrapping& line) {
    if (line.number) return false;
    std::string_view behind = line.text;
    const auto number = take_number(behind);
    if (!number || line.text[line.text.size() - behind.size() - 1] != ':' || !begins_record(behind))
        return false;
    line.number = number;
    line.text = behind;
    return true;
}

// "ecs-agent-1  | level=…", as docker compose says whose a line is.
bool take_compose_prefix(Unwrapping& line) {
    std::string_view rest = line.text;
    if (!take_service(rest) || !begins_record(rest)) return false;
    line.source = line.text.substr(0, line.text.find('|') + 1);
    line.text = rest;
    return true;
}

// As the lines around it have it, whatever it goes on with. (grep -C writes "-" where a line is
// there for another's sake.)
bool take_source(Unwrapping& line, std::string_view source) {
    if (source.empty() || !line.source.empty() || !line.text.starts_with(source)) return false;
    std::string_view rest = line.text.substr(source.size());
    if (source.ends_with('|')) {
        if (!rest.empty() && rest.front() != ' ') return false;
    } else if (!rest.starts_with(':') && !rest.starts_with('-')) {
        return false;
    }
    if (!rest.empty()) rest.remove_prefix(1);
    if (!source.ends_with('|')) line.number = take_number(rest);
    line.source = line.text.substr(0, source.size());
    line.text = rest;
    return true;
}

bool may_have_source(std::string_view line) {
    std::string_view rest = line;
    if (take_service(rest)) return true;
    const std::size_t end = file_name_size(rest);
    return end > 0
           && (rest.substr(end, 1) == ":"
               || rest.substr(0, end).find('-') != std::string_view::npos);
}

} // namespace squall::doctor
