#include "squall/base/json.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace squall::json {
namespace {

const Value null_value;
const Array no_elements;
const Object no_members;

void write_canonical(const Value& value, std::string& out) {
    if (const auto* object = value.if_object()) {
        std::vector<std::string_view> keys;
        for (const auto& member : *object)
            keys.emplace_back(member.key());
        std::sort(keys.begin(), keys.end());
        out.push_back('{');
        for (const auto key : keys) {
            if (out.back() != '{') out.push_back(',');
            out += boost::json::serialize(Value(key));
            out.push_back(':');
            write_canonical(object->at(key), out);
        }
        out.push_back('}');
    } else if (const auto* array = value.if_array()) {
        out.push_back('[');
        for (const auto& element : *array) {
            if (&element != array->data()) out.push_back(',');
            write_canonical(element, out);
        }
        out.push_back(']');
    } else {
        out += boost::json::serialize(value);
    }
}

void write_indented(const Value& value, const std::string& indent, std::string& out) {
    const std::string inner = indent + "  ";
    bool first = true;
    const auto next_line = [&] {
        out += first ? "\n" : ",\n";
        out += inner;
        first = false;
    };
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out.push_back('{');
        for (const auto& member : *object) {
            next_line();
            out += boost::json::serialize(Value(member.key())) + ": ";
            write_indented(member.value(), inner, out);
        }
        out += "\n" + indent + "}";
    } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
        out.push_back('[');
        for (const auto& element : *array) {
            next_line();
            write_indented(element, inner, out);
        }
        out += "\n" + indent + "]";
    } else {
        out += boost::json::serialize(value);
    }
}

} // namespace

namespace {

bool is_finite(const Value& value) {
    if (const double* number = value.if_double()) return std::isfinite(*number);
    if (const Array* array = value.if_array())
        return std::all_of(array->begin(), array->end(), is_finite);
    if (const Object* object = value.if_object())
        return std::all_of(object->begin(), object->end(), [](const auto& member) {
            return is_finite(member.value());
        });
    return true;
}

} // namespace

Result<Value> parse(std::string_view text) {
    boost::json::error_code error;
    boost::json::parse_options options;
    options.max_depth = depth_max;
    Value value = boost::json::parse(text, error, {}, options);
    if (error) return fail(Errc::invalid_input, "not valid JSON: {}", error.message());
    // Boost takes 1e999 for infinity, and worse: neither could be written again.
    if (!is_finite(value))
        return fail(Errc::invalid_input, "not valid JSON: a number is too large");
    return value;
}

Result<Object> parse_object(std::string_view text) {
    auto value = parse(text);
    if (!value) return fail(value.error());
    if (!value->is_object()) return fail(Errc::invalid_input, "not a JSON object");
    return std::move(value->as_object());
}

Storage one_block() {
    constexpr std::size_t first_piece = 16U << 10U; // each further one is larger
    return boost::json::make_shared_resource<boost::json::monotonic_resource>(first_piece);
}

std::string text(const Value& value) { return boost::json::serialize(value); }

std::string indented_text(const Value& value) {
    std::string out;
    write_indented(value, "", out);
    return out;
}

std::string canonical_text(const Value& value) {
    std::string out;
    write_canonical(value, out);
    return out;
}

const Value& at(const Object& object, std::string_view key) {
    const Value* found = object.if_contains(key);
    return found == nullptr ? null_value : *found;
}

const Value& at(const Value& value, std::string_view key) {
    const Object* object = value.if_object();
    return object == nullptr ? null_value : at(*object, key);
}

std::string_view string_of(const Value& value, std::string_view otherwise) {
    const auto* text = value.if_string();
    return text == nullptr ? otherwise : std::string_view(*text);
}

std::string_view string_at(const Value& value, std::string_view key, std::string_view otherwise) {
    return string_of(at(value, key), otherwise);
}

std::string_view string_at(const Object& object, std::string_view key, std::string_view otherwise) {
    return string_of(at(object, key), otherwise);
}

namespace {

std::int64_t integer_of(const Value& value, std::int64_t otherwise) {
    boost::json::error_code error;
    const auto number = value.to_number<std::int64_t>(error);
    return error ? otherwise : number;
}

} // namespace

std::int64_t integer_at(const Object& object, std::string_view key, std::int64_t otherwise) {
    return integer_of(at(object, key), otherwise);
}

std::int64_t integer_at(const Value& value, std::string_view key, std::int64_t otherwise) {
    return integer_of(at(value, key), otherwise);
}

double number_at(const Value& value, std::string_view key, double otherwise) {
    boost::json::error_code error;
    const auto number = at(value, key).to_number<double>(error);
    return error ? otherwise : number;
}

bool bool_at(const Value& value, std::string_view key, bool otherwise) {
    const bool* flag = at(value, key).if_bool();
    return flag == nullptr ? otherwise : *flag;
}

bool bool_at(const Object& object, std::string_view key, bool otherwise) {
    const bool* flag = at(object, key).if_bool();
    return flag == nullptr ? otherwise : *flag;
}

const Array& array_at(const Value& value, std::string_view key) {
    const Array* array = at(value, key).if_array();
    return array == nullptr ? no_elements : *array;
}

const Array& array_at(const Object& object, std::string_view key) {
    const Array* array = at(object, key).if_array();
    return array == nullptr ? no_elements : *array;
}

const Object& object_at(const Value& value, std::string_view key) {
    const Object* object = at(value, key).if_object();
    return object == nullptr ? no_members : *object;
}

const Object& object_at(const Object& object, std::string_view key) {
    const Object* found = at(object, key).if_object();
    return found == nullptr ? no_members : *found;
}

} // namespace squall::json
