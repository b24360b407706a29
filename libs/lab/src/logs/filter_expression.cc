#include "logs/filter_expression.h"

#include "squall/base/text.h"
#include "squall/base/wildcards.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace squall::lab::logs {
namespace {

std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
        return std::nullopt;
    return number;
}

struct Token {
    std::string text;
    bool is_quoted = false;
};

bool is_sign(char c) { return c == '=' || c == '!' || c == '<' || c == '>'; }

bool ends_word(char c) {
    return c == ' ' || c == '\t' || c == '(' || c == ')' || c == '&' || c == '|' || c == '"'
           || is_sign(c);
}

Result<std::string> quoted(std::string_view text, std::size_t& at) {
    std::string inside;
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        inside += text[at];
    }
    if (at >= text.size()) return fail(Errc::invalid_input, "a quotation mark is not closed");
    ++at;
    return inside;
}

Result<std::vector<Token>> tokens_of(std::string_view text) {
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == ' ' || c == '\t') {
            ++at;
        } else if (c == '"') {
            auto inside = quoted(text, at);
            if (!inside) return fail(inside.error());
            tokens.push_back({std::move(*inside), true});
        } else if (c == '(' || c == ')') {
            tokens.push_back({std::string(1, c)});
            ++at;
        } else if (c == '&' || c == '|') {
            if (at + 1 >= text.size() || text[at + 1] != c)
                return fail(Errc::invalid_input, "'{}' stands alone", c);
            tokens.push_back({std::string(2, c)});
            at += 2;
        } else if (is_sign(c)) {
            const bool is_two = at + 1 < text.size() && text[at + 1] == '=';
            tokens.emplace_back(Token{std::string(text.substr(at, is_two ? 2 : 1))});
            at += is_two ? 2 : 1;
        } else {
            const auto begin = at;
            while (at < text.size() && !ends_word(text[at]))
                ++at;
            tokens.emplace_back(Token{std::string(text.substr(begin, at - begin))});
        }
    }
    return tokens;
}

class Parser {
public:
    Parser(std::vector<Token> tokens, std::string_view prefix)
        : tokens_(std::move(tokens)), prefix_(prefix) {}

    Result<Condition> whole() {
        auto condition = joined("||", 0);
        if (condition && at_ < tokens_.size())
            return fail(Errc::invalid_input, "'{}' is one too many", tokens_[at_].text);
        return condition;
    }

private:
    [[nodiscard]] bool is_next(std::string_view word) const {
        return at_ < tokens_.size() && !tokens_[at_].is_quoted && tokens_[at_].text == word;
    }

    [[nodiscard]] bool is_next_word(std::string_view word) const {
        return at_ < tokens_.size() && !tokens_[at_].is_quoted
               && equal_ignoring_case(tokens_[at_].text, word);
    }

    Result<Condition> joined(std::string_view by, int depth) {
        Condition condition;
        condition.kind = by == "||" ? Condition::Kind::any : Condition::Kind::all;
        do {
            if (is_next(by)) ++at_;
            auto part = by == "||" ? joined("&&", depth) : single(depth);
            if (!part) return part;
            condition.parts.push_back(std::move(*part));
        } while (is_next(by));
        return condition;
    }

    Result<Condition> single(int depth) {
        if (!is_next("(")) return comparison();
        if (depth >= parentheses_max)
            return fail(Errc::invalid_input, "parentheses nest deeper than {}", parentheses_max);
        ++at_;
        auto inside = joined("||", depth + 1);
        if (!inside) return inside;
        if (!is_next(")")) return fail(Errc::invalid_input, "a parenthesis is not closed");
        ++at_;
        return inside;
    }

    Result<Condition> comparison() {
        if (at_ >= tokens_.size() || tokens_[at_].is_quoted
            || !tokens_[at_].text.starts_with(prefix_)
            || tokens_[at_].text.find('*') != std::string::npos)
            return fail(Errc::invalid_input,
                        "a selector is missing, or not one that is known here");
        Condition condition;
        condition.selector = tokens_[at_++].text;
        if (is_next_word("IS")) return is_what(std::move(condition));
        if (is_next_word("NOT")) {
            ++at_;
            if (!is_next_word("EXISTS")) return fail(Errc::invalid_input, "NOT goes with EXISTS");
            ++at_;
            condition.kind = Condition::Kind::not_exists;
            return condition;
        }
        constexpr std::array signs{"=", "!=", "<", "<=", ">", ">="};
        const bool is_known = std::any_of(
            signs.begin(), signs.end(), [&](const char* sign) { return is_next(sign); });
        if (!is_known)
            return fail(Errc::invalid_input, "{} is compared with nothing", condition.selector);
        condition.kind = Condition::Kind::compare;
        condition.sign = tokens_[at_++].text;
        if (at_ >= tokens_.size())
            return fail(Errc::invalid_input, "{} is compared with nothing", condition.selector);
        const Token& value = tokens_[at_++];
        condition.text = value.text;
        if (!value.is_quoted) {
            if (ends_word(value.text.front()) || value.text.front() == '%')
                return fail(Errc::invalid_input, "'{}' is no value", value.text);
            condition.number = number_of(value.text);
        }
        if (!condition.number && condition.sign != "=" && condition.sign != "!=")
            return fail(Errc::invalid_input, "{} compares numbers", condition.sign);
        return condition;
    }

    Result<Condition> is_what(Condition condition) {
        ++at_;
        if (is_next_word("NULL"))
            condition.kind = Condition::Kind::is_null;
        else if (is_next_word("TRUE"))
            condition.kind = Condition::Kind::is_true;
        else if (is_next_word("FALSE"))
            condition.kind = Condition::Kind::is_false;
        else
            return fail(Errc::invalid_input, "IS goes with NULL, TRUE or FALSE");
        ++at_;
        return condition;
    }

    std::vector<Token> tokens_;
    std::string_view prefix_;
    std::size_t at_ = 0;
};

std::optional<double> number_in(const json::Value& value) {
    if (value.is_number()) return value.to_number<double>();
    if (value.is_string()) return number_of(json::string_of(value));
    return std::nullopt;
}

bool compares(const Condition& condition, const json::Value& value) {
    const auto number = number_in(value);
    if (condition.number && number) {
        const double wanted = *condition.number;
        if (condition.sign == "<") return *number < wanted;
        if (condition.sign == "<=") return *number <= wanted;
        if (condition.sign == ">") return *number > wanted;
        if (condition.sign == ">=") return *number >= wanted;
        return (*number == wanted) == (condition.sign == "=");
    }
    if (condition.sign != "=" && condition.sign != "!=") return false;
    if (value.is_object() || value.is_array() || value.is_null()) return false;
    const std::string text =
        value.is_string() ? std::string(json::string_of(value)) : json::text(value);
    const bool is_equal = matches_pattern(condition.text, text, Wildcards::stars);
    return is_equal == (condition.sign == "=");
}

} // namespace

Result<Condition> parse_condition(std::string_view text, std::string_view selectors_begin_with) {
    auto tokens = tokens_of(text);
    if (!tokens) return fail(tokens.error());
    return Parser(std::move(*tokens), selectors_begin_with).whole();
}

bool holds(const Condition& condition, const Lookup& lookup) {
    const auto part_holds = [&](const Condition& part) {
        return holds(part, lookup);
    };
    if (condition.kind == Condition::Kind::all)
        return std::all_of(condition.parts.begin(), condition.parts.end(), part_holds);
    if (condition.kind == Condition::Kind::any)
        return std::any_of(condition.parts.begin(), condition.parts.end(), part_holds);
    const auto value = lookup(condition.selector);
    if (condition.kind == Condition::Kind::not_exists) return !value;
    if (!value) return false;
    switch (condition.kind) {
    case Condition::Kind::is_null:
        return value->is_null();
    case Condition::Kind::is_true:
        return value->is_bool() && value->as_bool();
    case Condition::Kind::is_false:
        return value->is_bool() && !value->as_bool();
    default:
        return compares(condition, *value);
    }
}

} // namespace squall::lab::logs
