// What an item of DynamoDB is made of. Sets (SS, NS, BS) are not among it: nothing of ours writes
// them.
#pragma once

#include "squall/base/json.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace squall::aws {

// A number as DynamoDB keeps it: 38 decimal digits, which no type of ours has.
struct DecimalText {
    std::string text;

    bool operator==(const DecimalText&) const = default;
};

struct BinaryText {
    std::string bytes;

    bool operator==(const BinaryText&) const = default;
};

class AttributeValue {
public:
    using List = std::vector<AttributeValue>;
    using Map = std::map<std::string, AttributeValue>;
    using Kind =
        std::variant<std::monostate, bool, std::string, DecimalText, BinaryText, List, Map>;

    AttributeValue() = default; // NULL

    // Implicit on purpose: an item is written down as a list of names and values.
    // NOLINTBEGIN(google-explicit-constructor)
    AttributeValue(Kind kind) : kind_(std::move(kind)) {}

    AttributeValue(const char* text) : kind_(std::string(text)) {}

    AttributeValue(std::string text) : kind_(std::move(text)) {}

    AttributeValue(std::int64_t number) : kind_(DecimalText{std::to_string(number)}) {}

    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] const Kind& kind() const { return kind_; }

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(kind_); }

    // Empty, or nothing, where it is of another kind.
    [[nodiscard]] std::string_view text() const;
    [[nodiscard]] std::optional<std::int64_t> integer() const;

    // {"S": "…"} and the like.
    [[nodiscard]] json::Value to_json() const;
    [[nodiscard]] static Result<AttributeValue> from_json(const json::Value& value);

    bool operator==(const AttributeValue& other) const = default;

private:
    Kind kind_;
};

using Item = AttributeValue::Map;

[[nodiscard]] json::Object to_json(const Item& item);
// An error names the attribute.
[[nodiscard]] Result<Item> item_from_json(const json::Value& value);

// Empty, or nothing, where there is no such attribute or it is of another kind.
[[nodiscard]] std::string_view text_at(const Item& item, const std::string& name);
[[nodiscard]] std::optional<std::int64_t> integer_at(const Item& item, const std::string& name);

} // namespace squall::aws
