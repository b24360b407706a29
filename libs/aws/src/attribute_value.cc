#include "squall/aws/attribute_value.h"

#include "squall/base/text.h"

namespace squall::aws {
namespace {

struct ToJson {
    json::Object operator()(std::monostate) const { return {{"NULL", true}}; }

    json::Object operator()(bool value) const { return {{"BOOL", value}}; }

    json::Object operator()(const std::string& text) const { return {{"S", text}}; }

    json::Object operator()(const DecimalText& number) const { return {{"N", number.text}}; }

    json::Object operator()(const BinaryText& data) const { return {{"B", to_base64(data.bytes)}}; }

    json::Object operator()(const AttributeValue::List& list) const {
        json::Array array;
        for (const auto& value : list)
            array.push_back(value.to_json());
        return {{"L", std::move(array)}};
    }

    json::Object operator()(const AttributeValue::Map& map) const {
        return {{"M", aws::to_json(map)}};
    }
};

Result<AttributeValue> list_from_json(const json::Value& value) {
    if (!value.is_array()) return fail(Errc::failed, "an L that is no list");
    AttributeValue::List list;
    for (const auto& entry : value.as_array()) {
        auto read = AttributeValue::from_json(entry);
        if (!read) return fail(read.error());
        list.push_back(std::move(*read));
    }
    return AttributeValue(AttributeValue::Kind(std::move(list)));
}

} // namespace

std::string_view AttributeValue::text() const {
    const auto* text = std::get_if<std::string>(&kind_);
    return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::optional<std::int64_t> AttributeValue::integer() const {
    const auto* number = std::get_if<DecimalText>(&kind_);
    return number == nullptr ? std::nullopt : to_integer(number->text);
}

json::Value AttributeValue::to_json() const { return std::visit(ToJson(), kind_); }

Result<AttributeValue> AttributeValue::from_json(const json::Value& value) {
    const json::Object* object = value.if_object();
    if (object == nullptr || object->size() != 1)
        return fail(Errc::failed, "a value that is not one of DynamoDB's");
    const std::string_view type = object->begin()->key();
    const json::Value& content = object->begin()->value();
    const bool is_text = content.is_string();
    const std::string text(json::string_of(content));
    if (type == "NULL") return AttributeValue();
    if (type == "BOOL" && content.is_bool()) return AttributeValue(Kind(content.as_bool()));
    if (type == "S" && is_text) return AttributeValue(text);
    if (type == "N" && is_text) return AttributeValue(Kind(DecimalText{text}));
    if (type == "B" && is_text) {
        auto bytes = from_base64(text);
        if (!bytes) return fail("a B", bytes.error());
        return AttributeValue(Kind(BinaryText{std::move(*bytes)}));
    }
    if (type == "L") return list_from_json(content);
    if (type == "M") {
        auto map = item_from_json(content);
        if (!map) return fail(map.error());
        return AttributeValue(Kind(std::move(*map)));
    }
    return fail(Errc::failed, "a value of type {}, which squall does not read", type);
}

json::Object to_json(const Item& item) {
    json::Object object;
    for (const auto& [name, value] : item)
        object[name] = value.to_json();
    return object;
}

Result<Item> item_from_json(const json::Value& value) {
    if (!value.is_object()) return fail(Errc::failed, "no map of attributes");
    Item item;
    for (const auto& member : value.as_object()) {
        auto read = AttributeValue::from_json(member.value());
        if (!read)
            return fail(fmt::format("attribute {}", std::string_view(member.key())), read.error());
        item.emplace(std::string(member.key()), std::move(*read));
    }
    return item;
}

std::string_view text_at(const Item& item, const std::string& name) {
    const auto found = item.find(name);
    return found == item.end() ? std::string_view() : found->second.text();
}

std::optional<std::int64_t> integer_at(const Item& item, const std::string& name) {
    const auto found = item.find(name);
    return found == item.end() ? std::nullopt : found->second.integer();
}

} // namespace squall::aws
