#include "squall/wire/query.h"

#include "squall/base/text.h"
#include "squall/wire/http_message.h"

#include <algorithm>

namespace squall::wire {

Result<QueryParameters> QueryParameters::parse(std::string_view form) {
    QueryParameters parameters;
    while (!form.empty()) {
        const auto [part, rest] = split_once(form, '&');
        form = rest;
        if (part.empty()) continue;
        if (parameters.items_.size() == count_max)
            return fail(Errc::invalid_input, "more than {} parameters", count_max);
        const auto [name, value] = split_once(part, '=');
        parameters.add(percent_decoded(name, /*plus_is_space=*/true),
                       percent_decoded(value, /*plus_is_space=*/true));
    }
    return parameters;
}

std::string QueryParameters::form() const {
    std::string out;
    for (const auto& [name, value] : items_) {
        out += (out.empty() ? "" : "&") + percent_encoded(name) + "=" + percent_encoded(value);
    }
    return out;
}

std::string_view QueryParameters::get(std::string_view name) const {
    const auto found = std::find_if(
        items_.begin(), items_.end(), [&](const auto& item) { return item.first == name; });
    return found == items_.end() ? std::string_view{} : std::string_view(found->second);
}

bool QueryParameters::has(std::string_view name) const {
    return std::any_of(
        items_.begin(), items_.end(), [&](const auto& item) { return item.first == name; });
}

std::vector<std::string> QueryParameters::list(std::string_view name) const {
    std::vector<std::string> values;
    for (std::size_t i = 1; i <= list_max; ++i) {
        const std::string plain = fmt::format("{}.{}", name, i);
        const std::string member = fmt::format("{}.member.{}", name, i);
        if (has(plain))
            values.emplace_back(get(plain));
        else if (has(member))
            values.emplace_back(get(member));
        else
            break;
    }
    return values;
}

bool QueryParameters::has_structure(std::string_view prefix) const {
    const std::string start = std::string(prefix) + ".";
    return std::any_of(items_.begin(), items_.end(), [&](const auto& item) {
        return item.first.starts_with(start);
    });
}

} // namespace squall::wire
