// JSON: Boost.JSON's value, and what is missing for reading what others send: limits, and access
// that forgives absent or mistyped members (AWS requires nothing in its outputs).
#pragma once

#include "squall/base/result.h"

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace squall::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using Storage = boost::json::storage_ptr;

// How deep a document may nest. Boost's own default; nothing of AWS's comes near.
inline constexpr std::size_t depth_max = 32;

[[nodiscard]] Result<Value> parse(std::string_view text);
// As parse, and it must be an object.
[[nodiscard]] Result<Object> parse_object(std::string_view text);
// Storage for one large document: what is made in it costs no allocations of its own, and is given
// back all at once, with the last value that lies in it. Values in one storage are moved into each
// other; from another storage they are copied.
[[nodiscard]] Storage one_block();
[[nodiscard]] std::string text(const Value& value);
// Over several lines, for people and for files that people edit.
[[nodiscard]] std::string indented_text(const Value& value);
// Members sorted by name, numbers in one form: equal values give equal text. For hashes.
[[nodiscard]] std::string canonical_text(const Value& value);

// The member, or null where there is none or `value` is no object. The reference lives as long as
// `value`.
[[nodiscard]] const Value& at(const Value& value, std::string_view key);
[[nodiscard]] const Value& at(const Object& object, std::string_view key);
[[nodiscard]] std::string_view
string_at(const Value& value, std::string_view key, std::string_view otherwise = {});
[[nodiscard]] std::string_view
string_at(const Object& object, std::string_view key, std::string_view otherwise = {});
[[nodiscard]] std::int64_t
integer_at(const Object& object, std::string_view key, std::int64_t otherwise = 0);
[[nodiscard]] std::int64_t
integer_at(const Value& value, std::string_view key, std::int64_t otherwise = 0);
[[nodiscard]] double number_at(const Value& value, std::string_view key, double otherwise = 0);
[[nodiscard]] bool bool_at(const Value& value, std::string_view key, bool otherwise = false);
[[nodiscard]] bool bool_at(const Object& object, std::string_view key, bool otherwise = false);
// An empty array where there is none.
[[nodiscard]] const Array& array_at(const Value& value, std::string_view key);
[[nodiscard]] const Array& array_at(const Object& object, std::string_view key);
[[nodiscard]] const Object& object_at(const Value& value, std::string_view key);
[[nodiscard]] const Object& object_at(const Object& object, std::string_view key);

[[nodiscard]] std::string_view string_of(const Value& value, std::string_view otherwise = {});

} // namespace squall::json
