#include "events/pattern.h"

#include <algorithm>
#include <cmath>

namespace squall::lab::eventbridge {
namespace {

// What EventBridge says of a pattern it does not take.
template <class... Arguments>
tl::unexpected<Error> invalid(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return fail(Errc::invalid_input, format, std::forward<Arguments>(arguments)...);
}

Result<std::string> wildcard_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            if (i + 1 >= text.size() || (text[i + 1] != '*' && text[i + 1] != '\\'))
                return invalid("Invalid escape character at pos {}", i);
            ++i;
        } else if (text[i] == '*' && i + 1 < text.size() && text[i + 1] == '*') {
            return invalid("Consecutive wildcard characters at pos {}", i);
        }
    }
    return std::string(text);
}

Matcher::Kind kind_of_text(std::string_view name) {
    if (name == "prefix") return Matcher::Kind::prefix;
    if (name == "suffix") return Matcher::Kind::suffix;
    return name == "wildcard" ? Matcher::Kind::wildcard : Matcher::Kind::equals;
}

bool is_of_text(std::string_view name) {
    return name == "prefix" || name == "suffix" || name == "wildcard"
           || name == "equals-ignore-case";
}

// {"prefix": "x"}, {"prefix": {"equals-ignore-case": "x"}} and their like.
Result<Matcher> text_matcher(std::string_view name, const json::Value& value) {
    Matcher matcher;
    matcher.kind = kind_of_text(name);
    matcher.ignores_case = name == "equals-ignore-case";
    const json::Value* text = &value;
    if (value.is_object() && (name == "prefix" || name == "suffix")) {
        const json::Object& inner = value.as_object();
        if (inner.size() != 1 || !inner.contains("equals-ignore-case"))
            return invalid("Unsupported expression in {}", name);
        matcher.ignores_case = true;
        text = &inner.at("equals-ignore-case");
    }
    if (!text->is_string()) return invalid("{} match pattern must be a string", name);
    matcher.text = json::string_of(*text);
    if (name != "wildcard") return matcher;
    auto checked = wildcard_text(matcher.text);
    if (!checked) return fail(checked.error());
    return matcher;
}

Matcher exactly(const json::Value& value) {
    Matcher matcher;
    matcher.value = value;
    return matcher;
}

// Strings or numbers, alone or in a list of one kind.
Result<std::vector<Matcher>> excluded_values(const json::Value& value) {
    const json::Array values = value.is_array() ? value.as_array() : json::Array{value};
    if (values.empty()) return invalid("Inside anything but list, the list must not be empty.");
    std::vector<Matcher> excluded;
    for (const auto& one : values) {
        if (!one.is_string() && !one.is_number())
            return invalid("Inside anything but list, start|null|boolean is not supported.");
        if (one.is_string() != values.front().is_string())
            return invalid("Inside anything but list, either all values are number or string, "
                           "mixed type is not supported");
        excluded.push_back(exactly(one));
    }
    return excluded;
}

Result<Matcher> anything_but(const json::Value& value) {
    Matcher matcher;
    matcher.kind = Matcher::Kind::anything_but;
    if (!value.is_object()) {
        auto excluded = excluded_values(value);
        if (!excluded) return fail(excluded.error());
        matcher.none_of = std::move(*excluded);
        return matcher;
    }
    const json::Object& inner = value.as_object();
    if (inner.size() != 1) return invalid("Only one key allowed in match expression");
    const std::string name(inner.begin()->key());
    if (!is_of_text(name)) return invalid("Unsupported anything-but pattern: {}", name);
    const json::Value& given = inner.begin()->value();
    const json::Array values = given.is_array() ? given.as_array() : json::Array{given};
    if (values.empty()) return invalid("Inside anything but list, the list must not be empty.");
    for (const auto& one : values) {
        auto excluded = text_matcher(name, one);
        if (!excluded) return fail(excluded.error());
        if (excluded->text.empty()) return invalid("Null prefix/suffix not allowed");
        matcher.none_of.push_back(std::move(*excluded));
    }
    return matcher;
}

Result<double> bound_of(const json::Value& value) {
    if (!value.is_number()) return invalid("Value of numeric operator must be numeric");
    const auto number = value.to_number<double>();
    if (!(std::abs(number) <= Pattern::number_max))
        return invalid("Value must be between -5.0E9 and 5.0E9, inclusive");
    return number;
}

Result<void> narrow(NumericRange& range, std::string_view sign, double number, bool is_second) {
    if (!is_second && sign == "=") {
        range.low = range.high = number;
        return {};
    }
    if (!is_second && (sign == ">" || sign == ">=")) {
        range.low = number;
        range.has_low = sign == ">=";
        return {};
    }
    if (sign == "<" || sign == "<=") {
        range.high = number;
        range.has_high = sign == "<=";
        return {};
    }
    if (is_second) return invalid("Bad numeric range operator: {}", sign);
    return invalid("Unrecognized numeric range operator: {}", sign);
}

Result<Matcher> numeric(const json::Value& value) {
    Matcher matcher;
    matcher.kind = Matcher::Kind::numeric;
    const auto* terms = value.if_array();
    if (terms == nullptr || terms->empty()) return invalid("Value of numeric must be an array.");
    for (std::size_t i = 0; i < terms->size(); i += 2) {
        if (!terms->at(i).is_string())
            return invalid("Invalid member in numeric match: {}", json::text(terms->at(i)));
        const auto sign = json::string_of(terms->at(i));
        const bool may_go_on = i == 0 || (i == 2 && json::string_of(terms->at(0)).starts_with('>'));
        if (!may_go_on) return invalid("Too many elements in numeric expression");
        if (i + 1 >= terms->size()) return invalid("Value of numeric operator must be numeric");
        const auto number = bound_of(terms->at(i + 1));
        if (!number) return fail(number.error());
        if (auto narrowed = narrow(matcher.range, sign, *number, i == 2); !narrowed)
            return fail(narrowed.error());
    }
    if (terms->size() == 4 && !(matcher.range.low < matcher.range.high))
        return invalid("Bottom must be less than top");
    return matcher;
}

Result<Matcher> match_expression(const json::Object& expression) {
    if (expression.size() != 1) return invalid("Only one key allowed in match expression");
    const std::string name(expression.begin()->key());
    const json::Value& value = expression.begin()->value();
    if (is_of_text(name)) return text_matcher(name, value);
    if (name == "anything-but") return anything_but(value);
    if (name == "numeric") return numeric(value);
    Matcher matcher;
    if (name == "exists") {
        if (!value.is_bool()) return invalid("exists match pattern must be either true or false.");
        matcher.kind = Matcher::Kind::exists;
        matcher.exists = value.as_bool();
        return matcher;
    }
    if (name == "cidr") {
        if (!value.is_string()) return invalid("prefix match pattern must be a string");
        auto cidr = Cidr::parse(json::string_of(value));
        if (!cidr) return fail(cidr.error());
        matcher.kind = Matcher::Kind::cidr;
        matcher.cidr = *cidr;
        return matcher;
    }
    return invalid("Unrecognized match type {}", name);
}

Result<std::vector<Matcher>> matchers_of(const json::Array& values) {
    if (values.empty()) return invalid("Empty arrays are not allowed");
    std::vector<Matcher> matchers;
    for (const auto& value : values) {
        if (value.is_array())
            return invalid("Match value must be String, number, true, false, or null");
        if (!value.is_object()) {
            matchers.push_back(exactly(value));
            continue;
        }
        auto matcher = match_expression(value.as_object());
        if (!matcher) return fail(matcher.error());
        matchers.push_back(std::move(*matcher));
    }
    return matchers;
}

Result<Pattern> pattern_of(const json::Object& object);

Result<std::vector<Pattern>> alternatives_of(const json::Array& values) {
    if (values.size() < 2)
        return invalid("There must have at least 2 Objects in \"$or\" relationship.");
    std::vector<Pattern> alternatives;
    for (const auto& value : values) {
        if (!value.is_object())
            return invalid("Only JSON object is allowed in array of \"$or\" relationship.");
        auto one = pattern_of(value.as_object());
        if (!one) return fail(one.error());
        alternatives.push_back(std::move(*one));
    }
    return alternatives;
}

Result<Pattern> pattern_of(const json::Object& object) {
    if (object.empty()) return invalid("Empty objects are not allowed");
    Pattern pattern;
    for (const auto& [key, value] : object) {
        const std::string name(key);
        if (name == "$or" && value.is_array()) {
            auto alternatives = alternatives_of(value.as_array());
            if (!alternatives) return fail(alternatives.error());
            pattern.alternatives.push_back(std::move(*alternatives));
        } else if (value.is_object()) {
            auto below = pattern_of(value.as_object());
            if (!below) return fail(below.error());
            pattern.fields.push_back({name, {}, std::move(*below)});
        } else if (value.is_array()) {
            auto matchers = matchers_of(value.as_array());
            if (!matchers) return fail(matchers.error());
            pattern.fields.push_back({name, std::move(*matchers), {}});
        } else {
            return invalid("\"{}\" must be an object or an array", name);
        }
    }
    return pattern;
}

} // namespace

Result<Pattern> parse_pattern(std::string_view text) {
    if (text.size() > Pattern::text_max)
        return invalid("The pattern has more than {} characters", Pattern::text_max);
    const auto parsed = json::parse(text);
    if (!parsed) return invalid("Filter is not valid JSON: {}", parsed.error().message);
    if (!parsed->is_object()) return invalid("Filter is not an object");
    return pattern_of(parsed->as_object());
}

} // namespace squall::lab::eventbridge
