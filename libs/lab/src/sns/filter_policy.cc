#include "sns/filter_policy.h"

#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace squall::lab::sns {
namespace {

constexpr std::size_t keys_max = 5; // AWS's own
constexpr std::array<std::string_view, 5> comparisons{"=", "<", "<=", ">", ">="};

bool is_scalar(const json::Value& value) {
    return value.is_string() || value.is_number() || value.is_bool() || value.is_null();
}

bool is_numeric_rule(const json::Value& rule) {
    const auto* parts = rule.if_array();
    if (parts == nullptr || parts->empty() || parts->size() > 4 || parts->size() % 2 != 0)
        return false;
    for (std::size_t i = 0; i < parts->size(); i += 2) {
        const auto word = json::string_of((*parts)[i]);
        if (std::find(comparisons.begin(), comparisons.end(), word) == comparisons.end()
            || !(*parts)[i + 1].is_number())
            return false;
    }
    return true;
}

std::optional<std::string> rule_problem(const json::Value& rule) {
    if (is_scalar(rule)) return std::nullopt;
    const auto* object = rule.if_object();
    if (object == nullptr || object->size() != 1)
        return "Match value must be String, number, true, false, or null";
    const auto& [name, value] = *object->begin();
    const std::string_view kind = name;
    if (kind == "exists")
        return value.is_bool()
                   ? std::nullopt
                   : std::optional("exists match pattern must be either true or false.");
    if (kind == "numeric")
        return is_numeric_rule(value) ? std::nullopt
                                      : std::optional("Value of numeric must be an array of "
                                                      "comparisons and numbers");
    if (kind == "prefix" || kind == "suffix" || kind == "equals-ignore-case")
        return value.is_string()
                   ? std::nullopt
                   : std::optional(fmt::format("{} match pattern must be a string", kind));
    if (kind == "anything-but") {
        if (is_scalar(value) || value.is_array()) return std::nullopt;
        return rule_problem(value);
    }
    return fmt::format("Unrecognized match type {}", kind);
}

bool holds(std::string_view comparison, double a, double b) {
    if (comparison == "=") return a == b;
    if (comparison == "<") return a < b;
    if (comparison == "<=") return a <= b;
    return comparison == ">" ? a > b : a >= b;
}

std::optional<double> number_of(const json::Value& value) {
    if (value.is_number()) return value.to_number<double>();
    return std::nullopt;
}

bool matches(const json::Value& rule, const json::Value& value);

bool is_anything_but(const json::Value& rule, const json::Value& value) {
    const json::Array one{rule};
    const json::Array& others = rule.is_array() ? rule.get_array() : one;
    return std::none_of(others.begin(), others.end(), [&](const json::Value& other) {
        return matches(other, value);
    });
}

// One value of an attribute against one rule, `exists` aside.
bool matches(const json::Value& rule, const json::Value& value) {
    const auto number = number_of(value);
    if (is_scalar(rule))
        return number && rule.is_number() ? *number_of(rule) == *number : rule == value;
    const auto& [name, operand] = *rule.as_object().begin();
    const std::string_view kind = name;
    if (kind == "anything-but") return is_anything_but(operand, value);
    if (kind == "numeric") {
        const json::Array& parts = operand.as_array();
        for (std::size_t i = 0; i < parts.size(); i += 2) {
            if (!number || !holds(json::string_of(parts[i]), *number, *number_of(parts[i + 1])))
                return false;
        }
        return true;
    }
    if (!value.is_string()) return false;
    const std::string_view text = json::string_of(value);
    const std::string_view wanted = json::string_of(operand);
    if (kind == "prefix") return text.starts_with(wanted);
    if (kind == "suffix") return text.ends_with(wanted);
    return kind == "equals-ignore-case" && equal_ignoring_case(text, wanted);
}

// What an attribute says: a text, a number, or several of a String.Array.
json::Array values_of(const json::Value& attribute) {
    const std::string_view type = json::string_at(attribute, "DataType");
    const std::string_view text = json::string_at(attribute, "StringValue");
    if (type.starts_with("Number")) {
        double number = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
        if (read.ec == std::errc()) return {number};
    }
    if (type == "String.Array") {
        const auto array = json::parse(text);
        if (array && array->is_array()) return array->get_array();
    }
    return type.starts_with("Binary") ? json::Array{} : json::Array{json::Value(text)};
}

bool wants_attribute(const json::Value& rules, const json::Value& attribute) {
    const json::Array values = attribute.is_null() ? json::Array{} : values_of(attribute);
    const auto& all = rules.as_array();
    return std::any_of(all.begin(), all.end(), [&](const json::Value& rule) {
        const json::Value& exists = json::at(rule, "exists");
        if (exists.is_bool()) return exists.get_bool() == !attribute.is_null();
        return std::any_of(values.begin(), values.end(), [&](const json::Value& value) {
            return matches(rule, value);
        });
    });
}

} // namespace

Result<FilterPolicy> FilterPolicy::parse(std::string_view text) {
    auto policy = json::parse_object(text);
    if (!policy) return fail(Errc::invalid_input, "failed to parse JSON.");
    if (policy->size() > keys_max)
        return fail(Errc::invalid_input, "Filter policy can not have more than {} keys", keys_max);
    for (const auto& [key, rules] : *policy) {
        if (!rules.is_array())
            return fail(Errc::invalid_input,
                        "\"{}\" must be an array; this lab filters by attributes only",
                        std::string_view(key));
        if (rules.get_array().empty())
            return fail(Errc::invalid_input, "Empty arrays are not allowed");
        for (const auto& rule : rules.get_array()) {
            if (auto problem = rule_problem(rule))
                return fail(Error{Errc::invalid_input, *problem});
        }
    }
    return FilterPolicy(std::move(*policy));
}

bool FilterPolicy::wants(const json::Object& attributes) const {
    return std::all_of(policy_.begin(), policy_.end(), [&](const auto& one) {
        return wants_attribute(one.value(), json::at(attributes, one.key()));
    });
}

} // namespace squall::lab::sns
