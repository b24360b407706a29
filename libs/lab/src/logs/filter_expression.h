// The conditions in filter patterns of CloudWatch Logs: { $.status = 5* && $.user IS NULL } of
// events in JSON, and [ip, status = 5*, ...] of events in columns.
#pragma once

#include "squall/base/json.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace squall::lab::logs {

// One condition, or several of them joined. A value.
struct Condition {
    enum class Kind { all, any, compare, is_null, is_true, is_false, not_exists };

    Kind kind = Kind::all;
    std::vector<Condition> parts; // of all and any
    std::string selector;         // $.a.b[0], or the name of a column
    std::string sign;             // of compare: =, !=, <, <=, >, >=
    std::string text;             // what it is compared with; * in it is any run of characters
    std::optional<double> number; // the same, where it is one and stands in no quotes
};

// What a selector stands for in one log event; nothing where there is no such thing.
using Lookup = std::function<std::optional<json::Value>(const std::string& selector)>;

// How deep parentheses may nest.
inline constexpr int parentheses_max = 16;

// The whole text as conditions; `selectors_begin_with` is "$." of events in JSON.
[[nodiscard]] Result<Condition> parse_condition(std::string_view text,
                                                std::string_view selectors_begin_with);

[[nodiscard]] bool holds(const Condition& condition, const Lookup& lookup);

} // namespace squall::lab::logs
