#include "squall/base/text.h"
#include "squall/fault/fault_set.h"
#include "squall/http/characters.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::fault {
namespace {

bool is_path(std::string_view pattern, std::string_view path) {
    if (pattern.ends_with('*')) return path.starts_with(pattern.substr(0, pattern.size() - 1));
    return path == pattern;
}

bool is_one_of(const std::vector<std::string>& patterns, std::string_view path) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return is_path(pattern, path);
    });
}

// Without the query; of a target with a scheme and an authority, what comes after them.
std::string_view path_of(std::string_view target) {
    if (const auto scheme = target.find("://");
        scheme != std::string_view::npos && target.front() != '/') {
        const auto slash = target.find('/', scheme + 3);
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    return target.substr(0, target.find('?'));
}

bool is_of_a_target(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

std::vector<std::string> read_paths(Settings& settings, const std::string& name) {
    auto paths = settings.list(name);
    for (const auto& path : paths) {
        const auto star = path.find('*');
        if ((path.front() != '/' && path != "*")
            || (star != std::string::npos && star + 1 != path.size()))
            settings.complain(fmt::format(
                "{}: '{}' is no path: it begins with a slash, and may end with *", name, path));
        if (!std::all_of(path.begin(), path.end(), is_of_a_target))
            settings.complain(fmt::format("{}: a path has no blanks and no control characters: "
                                          "write %20 for a blank",
                                          name));
    }
    return paths;
}

} // namespace

Match Match::read(Settings& settings) {
    Match match;
    match.paths_ = read_paths(settings, "PATHS");
    match.exempt_paths_ = read_paths(settings, "EXEMPT_PATHS");
    match.methods_ = settings.list("METHODS");
    for (const auto& text : settings.list("MATCH_HEADERS")) {
        const auto [name, value] = split_once(text, ':');
        if (!http::is_token(trimmed(name)))
            settings.complain(fmt::format("MATCH_HEADERS: '{}' is no 'Name: value'", text));
        match.headers_.emplace_back(trimmed(name), trimmed(value));
    }
    match.toxicity_ = settings.integer("TOXICITY", 100, 0, 100);
    match.every_nth_ = settings.integer("EVERY_NTH", 1, 1, 1'000'000);
    return match;
}

bool Match::is_meant(const http::RequestHead& request) const {
    if (is_any_request()) return true;
    const std::string_view path = path_of(request.target);
    if (is_one_of(exempt_paths_, path)) return false;
    if (!paths_.empty() && !is_one_of(paths_, path)) return false;
    if (!methods_.empty()
        && std::find(methods_.begin(), methods_.end(), request.method) == methods_.end())
        return false;
    return std::all_of(headers_.begin(), headers_.end(), [&](const auto& wanted) {
        return std::any_of(
            request.fields.begin(), request.fields.end(), [&](const http::Field& field) {
                return equal_ignoring_case(field.name, wanted.first)
                       && (wanted.second.empty() || field.value == wanted.second);
            });
    });
}

bool Match::is_get_meant(std::string_view target) const {
    http::RequestHead request;
    request.method = "GET";
    request.target = target;
    return is_meant(request);
}

bool Match::is_its_turn(std::uint64_t number, std::mt19937_64& random) const {
    if (number % static_cast<std::uint64_t>(every_nth_) != 0) return false;
    if (toxicity_ == 100) return true;
    return std::uniform_int_distribution<std::int64_t>(0, 99)(random) < toxicity_;
}

} // namespace squall::fault
