#include "init/unit_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace squall::labhost::init {
namespace {

constexpr std::array<std::string_view, 11> suffixes{".service",
                                                    ".timer",
                                                    ".target",
                                                    ".socket",
                                                    ".mount",
                                                    ".slice",
                                                    ".path",
                                                    ".device",
                                                    ".swap",
                                                    ".automount",
                                                    ".scope"};

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

} // namespace

std::string mangled(std::string_view name, std::string_view suffix) {
    std::string result;
    for (const char c : name) {
        if (is_name_character(c) || is_glob(std::string_view(&c, 1)))
            result += c;
        else if (c == '/')
            result += '-';
        else
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    if (suffix_of(result).empty()) result += suffix;
    return result;
}

bool is_valid_unit_name(std::string_view name) {
    const std::string_view suffix = suffix_of(name);
    return !suffix.empty() && name.size() > suffix.size() && name.size() <= unit_name_max
           && name.front() != '@' && name.front() != '.'
           && std::all_of(name.begin(), name.end(), is_name_character)
           && std::count(name.begin(), name.end(), '@') <= 1;
}

bool is_glob(std::string_view name) { return name.find_first_of("*?[") != std::string_view::npos; }

std::string_view suffix_of(std::string_view name) {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos) return {};
    const std::string_view suffix = name.substr(dot);
    const auto known = std::find(suffixes.begin(), suffixes.end(), suffix);
    return known == suffixes.end() ? std::string_view{} : suffix;
}

std::string without_suffix(std::string_view name) {
    return std::string(name.substr(0, name.size() - suffix_of(name).size()));
}

bool is_milestone(std::string_view name) {
    const std::string_view suffix = suffix_of(name);
    return !suffix.empty() && suffix != ".service" && suffix != ".timer";
}

std::string instance_of(std::string_view name) {
    const auto at = name.find('@');
    if (at == std::string_view::npos) return {};
    const std::string base = without_suffix(name);
    return base.substr(at + 1);
}

std::string template_of(std::string_view name) {
    const auto at = name.find('@');
    if (at == std::string_view::npos || instance_of(name).empty()) return {};
    return std::string(name.substr(0, at + 1)) + std::string(suffix_of(name));
}

} // namespace squall::labhost::init
