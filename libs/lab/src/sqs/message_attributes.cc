#include "sqs/message_attributes.h"

#include "squall/base/md5.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cctype>

namespace squall::lab::sqs {
namespace {

constexpr std::size_t name_max = 256;

bool is_name(std::string_view name) {
    const auto is_character = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
    };
    const std::string low = lower(name);
    return !name.empty() && name.size() <= name_max && name.front() != '.' && name.back() != '.'
           && name.find("..") == std::string_view::npos && !low.starts_with("aws.")
           && !low.starts_with("amazon.") && std::all_of(name.begin(), name.end(), is_character);
}

// "String.custom" is a String.
std::string_view type_of(std::string_view data_type) { return split_once(data_type, '.').first; }

Result<json::Object, wire::ServiceError> read_one(std::string_view name, const json::Value& value) {
    const std::string data_type(json::string_at(value, "DataType"));
    if (!is_name(name))
        return invalid_parameter(
            fmt::format("Message (user) attribute name '{}' is invalid: it can contain A-Z, a-z, "
                        "0-9, underscore, hyphen and period, at most 256 of them, and cannot begin "
                        "with AWS. or Amazon.",
                        name.substr(0, name_max)));
    const std::string_view type = type_of(data_type);
    if (type != "String" && type != "Number" && type != "Binary")
        return invalid_parameter(fmt::format(
            "The message attribute '{}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String.",
            name));
    const char* const member = type == "Binary" ? "BinaryValue" : "StringValue";
    const std::string text(json::string_at(value, member));
    if (text.empty())
        return invalid_parameter(fmt::format(
            "Message (user) attribute '{}' must contain a non-empty value of type '{}'.",
            name,
            type == "Binary" ? "Binary" : "String"));
    if (type == "Binary" && !from_base64(text))
        return invalid_parameter(fmt::format("The value of '{}' is no base64.", name));
    return json::Object{{"DataType", data_type}, {member, text}};
}

void add_with_length(std::string& to, std::string_view part) {
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        to.push_back(static_cast<char>((part.size() >> shift) & 0xffU));
    to += part;
}

} // namespace

Result<json::Object, wire::ServiceError> read_message_attributes(const json::Object& given) {
    if (given.size() > message_attributes_max)
        return invalid_parameter(
            fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].",
                        given.size(),
                        message_attributes_max));
    json::Object read;
    for (const auto& [name, value] : given) {
        auto one = read_one(name, value);
        if (!one) return fail(std::move(one.error()));
        read[name] = std::move(*one);
    }
    return read;
}

std::string md5_of_attributes(const json::Object& attributes) {
    if (attributes.empty()) return {};
    std::map<std::string_view, const json::Value*> by_name;
    for (const auto& [name, value] : attributes)
        by_name[name] = &value;
    std::string hashed;
    for (const auto& [name, value] : by_name) {
        const std::string_view data_type = json::string_at(*value, "DataType");
        const bool is_binary = type_of(data_type) == "Binary";
        add_with_length(hashed, name);
        add_with_length(hashed, data_type);
        hashed.push_back(is_binary ? '\2' : '\1');
        add_with_length(
            hashed,
            is_binary ? from_base64(json::string_at(*value, "BinaryValue")).value_or(std::string())
                      : std::string(json::string_at(*value, "StringValue")));
    }
    return md5_hex(hashed);
}

json::Object chosen_attributes(const json::Object& attributes, const json::Array& names) {
    json::Object chosen;
    for (const auto& [name, value] : attributes) {
        const std::string_view one = name;
        const bool is_wanted =
            std::any_of(names.begin(), names.end(), [&](const json::Value& wanted) {
                std::string_view pattern = json::string_of(wanted);
                if (pattern == "All" || pattern == ".*" || pattern == one) return true;
                if (!pattern.ends_with(".*")) return false;
                pattern.remove_suffix(1);
                return one.starts_with(pattern);
            });
        if (is_wanted) chosen[name] = value;
    }
    return chosen;
}

} // namespace squall::lab::sqs
