#include "iam/condition.h"

#include "squall/base/text.h"
#include "squall/base/wildcards.h"

#include <algorithm>
#include <array>

namespace squall::lab::iam {
namespace {

struct TestName {
    std::string_view name;
    Condition::Test test;
    bool is_negated;
};

constexpr std::array test_names{
    TestName{"StringEquals", Condition::Test::text, false},
    TestName{"StringNotEquals", Condition::Test::text, true},
    TestName{"StringEqualsIgnoreCase", Condition::Test::text_ignoring_case, false},
    TestName{"StringNotEqualsIgnoreCase", Condition::Test::text_ignoring_case, true},
    TestName{"StringLike", Condition::Test::text_pattern, false},
    TestName{"StringNotLike", Condition::Test::text_pattern, true},
    // IAM documents that the two forms of each do the same.
    TestName{"ArnEquals", Condition::Test::arn, false},
    TestName{"ArnLike", Condition::Test::arn, false},
    TestName{"ArnNotEquals", Condition::Test::arn, true},
    TestName{"ArnNotLike", Condition::Test::arn, true},
    TestName{"Bool", Condition::Test::boolean, false},
    TestName{"Null", Condition::Test::null, false},
};

constexpr std::string_view if_exists = "IfExists";

// Policies write true and "true" alike.
std::optional<std::string> text_of(const json::Value& value) {
    if (value.is_string()) return std::string(json::string_of(value));
    if (value.is_bool()) return value.as_bool() ? "true" : "false";
    return std::nullopt;
}

Result<std::vector<std::string>> values_of(std::string_view key, const json::Value& value) {
    std::vector<std::string> texts;
    const json::Array one{value};
    for (const auto& element : value.is_array() ? value.get_array() : one) {
        auto text = text_of(element);
        if (!text) return fail(Errc::invalid_input, "The values of {} must be texts.", key);
        if (text->find("${") != std::string::npos)
            return fail(Errc::invalid_input, "This lab knows no policy variables: {}", *text);
        texts.push_back(std::move(*text));
    }
    if (texts.empty()) return fail(Errc::invalid_input, "{} has no values.", key);
    return texts;
}

bool matches_one(Condition::Test test, std::string_view wanted, std::string_view actual) {
    switch (test) {
    case Condition::Test::text:
        return wanted == actual;
    case Condition::Test::text_ignoring_case:
    case Condition::Test::boolean:
        return equal_ignoring_case(wanted, actual);
    case Condition::Test::text_pattern:
        return matches_pattern(wanted, actual);
    case Condition::Test::arn:
        return matches_arn(wanted, actual);
    case Condition::Test::null:
        break; // is about whether there is a value, not which
    }
    return false;
}

} // namespace

bool matches_arn(std::string_view pattern, std::string_view arn) {
    if (pattern == "*") return true;
    constexpr int parts = 6;
    for (int i = 1; i < parts; ++i) {
        const auto pattern_end = pattern.find(':');
        const auto arn_end = arn.find(':');
        if (pattern_end == std::string_view::npos || arn_end == std::string_view::npos)
            return false;
        if (!matches_pattern(pattern.substr(0, pattern_end), arn.substr(0, arn_end))) return false;
        pattern.remove_prefix(pattern_end + 1);
        arn.remove_prefix(arn_end + 1);
    }
    return matches_pattern(pattern, arn);
}

Result<std::vector<Condition>> parse_conditions(std::string_view test_name,
                                                const json::Value& keys) {
    std::string_view name = test_name;
    const bool forgives = name.ends_with(if_exists) && name != "Null";
    if (forgives) name.remove_suffix(if_exists.size());
    const auto* const known = std::find_if(test_names.begin(),
                                           test_names.end(),
                                           [&](const TestName& one) { return one.name == name; });
    if (known == test_names.end() || (forgives && known->test == Condition::Test::null))
        return fail(Errc::invalid_input,
                    "This lab knows no condition operator {}: it has String…, Arn…, Bool and Null.",
                    test_name.substr(0, 80));
    if (!keys.is_object() || keys.get_object().empty())
        return fail(Errc::invalid_input, "{} must name condition keys.", test_name);
    std::vector<Condition> conditions;
    for (const auto& [key, value] : keys.get_object()) {
        auto values = values_of(key, value);
        if (!values) return fail(values.error());
        conditions.push_back(
            {known->test, known->is_negated, forgives, lower(key), std::move(*values)});
    }
    return conditions;
}

bool holds(const Condition& condition, const Context& context) {
    const auto found = context.find(condition.key);
    if (condition.test == Condition::Test::null)
        return std::any_of(
            condition.values.begin(), condition.values.end(), [&](const auto& value) {
                return equal_ignoring_case(value, "true") == (found == context.end());
            });
    // What is not there equals nothing: a test for equality fails, one for difference holds.
    if (found == context.end()) return condition.if_exists || condition.is_negated;
    const bool equals_one =
        std::any_of(condition.values.begin(), condition.values.end(), [&](const auto& value) {
            return matches_one(condition.test, value, found->second);
        });
    return equals_one != condition.is_negated;
}

} // namespace squall::lab::iam
