// The form encoding of AWS's query and ec2 protocols: flat names that spell lists and structures
// ("InstanceId.1", "Filter.1.Value.2", "Tags.member.1.Key").
#pragma once

#include "squall/base/result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall::wire {

class QueryParameters {
public:
    // More parameters than this in one request is an error.
    static constexpr std::size_t count_max = 10'000;
    // List positions past this are not looked for.
    static constexpr std::size_t list_max = 1000;

    [[nodiscard]] static Result<QueryParameters> parse(std::string_view form);

    void add(std::string name, std::string value) {
        items_.emplace_back(std::move(name), std::move(value));
    }

    // All of them, in the order in which they came.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& items() const {
        return items_;
    }

    [[nodiscard]] std::string form() const;

    // Empty where there is none; the first where there are several.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    // NAME.1, NAME.2, … up to the first gap; with `.member` in between for the query protocol.
    [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
    // True if any parameter begins with PREFIX and a dot.
    [[nodiscard]] bool has_structure(std::string_view prefix) const;

private:
    std::vector<std::pair<std::string, std::string>> items_;
};

} // namespace squall::wire
