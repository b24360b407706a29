#include "squall/aws/environment.h"

#include "squall/base/text.h"

#include <unistd.h>

namespace squall::aws {

Environment Environment::from_process() {
    Variables variables;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const auto [name, value] = split_once(*entry, '=');
        variables.emplace(name, value);
    }
    return Environment(std::move(variables));
}

std::optional<std::string> Environment::get(std::string_view name) const {
    const auto found = variables_.find(name);
    if (found == variables_.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

std::string Environment::get_or(std::string_view name, std::string_view otherwise) const {
    return get(name).value_or(std::string(otherwise));
}

bool Environment::is_true(std::string_view name) const {
    return equal_ignoring_case(get_or(name, ""), "true");
}

} // namespace squall::aws
