// Event patterns, the language in which rules say which events they mean:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
// Values and pure functions.
#pragma once

#include "squall/base/json.h"

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace squall::lab::eventbridge {

// A range of addresses: the first bits that all of them share.
struct Cidr {
    bool is_ipv6 = false;
    std::array<unsigned char, 16> address{};
    unsigned bits = 0;

    [[nodiscard]] static Result<Cidr> parse(std::string_view text);
    [[nodiscard]] bool contains(const std::string& address_text) const;
};

struct NumericRange {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool has_low = true; // the bound itself belongs to it
    bool has_high = true;

    [[nodiscard]] bool contains(double number) const;
};

// One of the alternatives for one leaf.
struct Matcher {
    enum class Kind {
        exact,
        prefix,
        suffix,
        equals,
        wildcard,
        numeric,
        cidr,
        exists,
        anything_but
    };

    Kind kind = Kind::exact;
    json::Value value;         // of exact
    std::string text;          // of prefix, suffix, equals and wildcard
    bool ignores_case = false; // of prefix, suffix and equals
    NumericRange range;
    Cidr cidr;
    bool exists = true;
    std::vector<Matcher> none_of; // of anything_but
};

struct Pattern {
    static constexpr std::size_t text_max = 4096; // AWS's
    static constexpr double number_max = 5.0e9;   // of numeric, and as a negative number

    struct Field;

    std::vector<Field> fields; // all of them match
    // Of each $or: one of these.
    std::vector<std::vector<Pattern>> alternatives;
};

struct Pattern::Field {
    std::string name;
    std::vector<Matcher> matchers; // one of them; empty where there is something below
    Pattern below;
};

// invalid_input with AWS's reason.
[[nodiscard]] Result<Pattern> parse_pattern(std::string_view text);

[[nodiscard]] bool matches(const Pattern& pattern, const json::Object& event);

} // namespace squall::lab::eventbridge
