#include "squall/fault/settings.h"

#include "squall/base/text.h"

#include <fmt/format.h>

namespace squall::fault {

const std::string* Settings::find(const std::string& name) {
    known_.insert(name);
    const auto found = given_.find(name);
    return found == given_.end() ? nullptr : &found->second;
}

std::string Settings::text(const std::string& name, std::string_view otherwise) {
    const std::string* given = find(name);
    return given == nullptr ? std::string(otherwise) : *given;
}

std::int64_t Settings::integer(const std::string& name,
                               std::int64_t otherwise,
                               std::int64_t least,
                               std::int64_t most) {
    const std::string* given = find(name);
    if (given == nullptr) return otherwise;
    const auto value = to_integer(*given);
    if (value && *value >= least && *value <= most) return *value;
    complain(
        fmt::format("{}={}: a whole number from {} to {} is wanted", name, *given, least, most));
    return otherwise;
}

Millis Settings::millis(const std::string& name, Millis otherwise, Millis most) {
    return Millis(integer(name, otherwise.count(), 0, most.count()));
}

bool Settings::boolean(const std::string& name, bool otherwise) {
    const std::string* given = find(name);
    if (given == nullptr) return otherwise;
    if (*given == "true") return true;
    if (*given == "false") return false;
    complain(fmt::format("{}={}: true or false is wanted", name, *given));
    return otherwise;
}

std::vector<std::string> Settings::list(const std::string& name) {
    const std::string* given = find(name);
    if (given == nullptr) return {};
    std::vector<std::string> parts;
    for (const auto& part : split(*given, ',')) {
        if (const auto word = trimmed(part); !word.empty())
            parts.emplace_back(word);
        else if (!given->empty())
            complain(fmt::format("{}={}: there is nothing between two commas", name, *given));
    }
    return parts;
}

std::vector<std::string> Settings::problems() const {
    std::vector<std::string> all = problems_;
    const std::vector<std::string> names(known_.begin(), known_.end());
    for (const auto& [name, value] : given_) {
        if (known_.contains(name)) continue;
        const auto close = nearest(name, names);
        all.push_back(
            close ? fmt::format("there is no setting {}: {} is meant?", name, *close)
                  : fmt::format("there is no setting {}; there are {}", name, join(names, ", ")));
    }
    return all;
}

} // namespace squall::fault
