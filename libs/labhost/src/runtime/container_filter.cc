#include "runtime/container_filter.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::labhost::runtime {
namespace {

using Terms = std::vector<std::string>;

constexpr std::array implemented{"exited", "id", "label", "name", "status"};
constexpr std::array known_to_docker{"ancestor",
                                     "before",
                                     "expose",
                                     "health",
                                     "is-task",
                                     "isolation",
                                     "network",
                                     "publish",
                                     "since",
                                     "volume"};
constexpr std::array statuses{
    "created", "restarting", "running", "removing", "paused", "exited", "dead"};

// Docker takes a regular expression for ids and names. What people and agents write is a part of
// the text, with ^ and $ for its ends.
bool matches(std::string_view pattern, std::string_view text) {
    const bool from_begin = pattern.starts_with('^');
    const bool to_end = pattern.ends_with('$');
    if (from_begin) pattern.remove_prefix(1);
    if (to_end) pattern.remove_suffix(1);
    if (from_begin && to_end) return text == pattern;
    if (from_begin) return text.starts_with(pattern);
    if (to_end) return text.ends_with(pattern);
    return text.find(pattern) != std::string_view::npos;
}

bool has_label(const json::Object& labels, std::string_view term) {
    const auto [name, value] = split_once(term, '=');
    if (!labels.contains(name)) return false;
    return term.find('=') == std::string_view::npos || json::string_at(labels, name) == value;
}

bool passes_one(const Container& container, std::string_view kind, const std::string& term) {
    if (kind == "label") return has_label(container.spec.labels, term);
    if (kind == "status") return term == name_of(container.state.status);
    if (kind == "id") return matches(term, container.id);
    if (kind == "exited")
        return container.state.status == Status::exited
               && to_integer(term) == container.state.exit_code;
    return matches(term, container.name) || matches(term, "/" + container.name);
}

template <class List>
bool contains(const List& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

Answer<Terms> read_terms(std::string_view kind, const json::Value& value) {
    Terms terms;
    if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            terms.emplace_back(json::string_of(element));
    } else if (const auto* object = value.if_object()) {
        for (const auto& member : *object) {
            if (json::bool_at(*object, member.key())) terms.emplace_back(member.key());
        }
    } else {
        return refuse(400, "invalid filter '{}'", kind);
    }
    if (terms.size() > list_entries_max) return refuse(400, "too many values for '{}'", kind);
    return terms;
}

Answer<void> check(std::string_view kind, const Terms& terms) {
    for (const auto& term : terms) {
        if (kind == "status" && !contains(statuses, term))
            return refuse(400, "Invalid filter 'status={}'", term);
        if (kind == "exited" && !to_integer(term))
            return refuse(400, "Invalid filter 'exited={}'", term);
        const bool is_pattern = kind == "id" || kind == "name";
        if (is_pattern && term.find_first_of("*+?()[]{}|\\") != std::string::npos)
            return refuse(501,
                          "the pattern '{}': a lab host understands ^ and $ only, no regular "
                          "expressions",
                          term);
    }
    return {};
}

} // namespace

Answer<ContainerFilter> ContainerFilter::parse(std::string_view text) {
    ContainerFilter filter;
    if (text.empty()) return filter;
    const auto object = json::parse_object(text);
    if (!object) return refuse(400, "invalid filter: {}", object.error().message);
    for (const auto& member : *object) {
        const std::string_view kind = member.key();
        if (contains(known_to_docker, kind))
            return refuse(501, "the filter '{}' is not implemented by a lab host", kind);
        if (!contains(implemented, kind)) return refuse(400, "Invalid filter '{}'", kind);
        auto terms = read_terms(kind, member.value());
        if (!terms) return fail(terms.error());
        if (auto checked = check(kind, *terms); !checked) return fail(checked.error());
        if (!terms->empty()) filter.terms_.emplace(kind, std::move(*terms));
    }
    return filter;
}

bool ContainerFilter::passes(const Container& container) const {
    return std::all_of(terms_.begin(), terms_.end(), [&](const auto& entry) {
        const auto one = [&](const std::string& term) {
            return passes_one(container, entry.first, term);
        };
        return entry.first == "label" ? std::all_of(entry.second.begin(), entry.second.end(), one)
                                      : std::any_of(entry.second.begin(), entry.second.end(), one);
    });
}

} // namespace squall::labhost::runtime
