// The environment variables of a process as a value, so that what depends on them says so and tests
// need no setenv. Immutable after construction: may be read from every thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace squall::aws {

class Environment {
public:
    using Variables = std::map<std::string, std::string, std::less<>>;

    Environment() = default;

    explicit Environment(Variables variables) : variables_(std::move(variables)) {}

    Environment(std::initializer_list<Variables::value_type> variables) : variables_(variables) {}

    // As it is now. Call it before other threads could change the environment.
    [[nodiscard]] static Environment from_process();

    // A variable that is set to nothing counts as not set, as AWS's own tools have it.
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    [[nodiscard]] std::string get_or(std::string_view name, std::string_view otherwise) const;
    // "true" in any case, as AWS's switches are read.
    [[nodiscard]] bool is_true(std::string_view name) const;

private:
    Variables variables_;
};

} // namespace squall::aws
