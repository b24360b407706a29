#include "cloudwatch/parameters.h"

#include "api/query_answer.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <charconv>
#include <cmath>
#include <map>

namespace squall::lab::cloudwatch {
namespace {

constexpr std::string_view xmlns = "http://monitoring.amazonaws.com/doc/2010-08-01/";

bool is_query(const ApiCall& call) { return call.protocol == wire::Protocol::query; }

constexpr std::size_t nesting_max = 12;

// {"member": {"1": x, "2": y}} is a list; the numbers are its order, not its places.
json::Value with_lists(const json::Value& value) {
    const auto* object = value.if_object();
    if (object == nullptr) return value;
    if (object->size() == 1 && object->begin()->key() == "member"
        && object->begin()->value().is_object()) {
        std::map<std::int64_t, json::Value> elements;
        for (const auto& [place, element] : object->begin()->value().as_object())
            elements[to_integer(place).value_or(0)] = with_lists(element);
        json::Array list;
        for (auto& [place, element] : elements)
            list.push_back(std::move(element));
        return list;
    }
    json::Object members;
    for (const auto& [name, member] : *object)
        members[name] = with_lists(member);
    return members;
}

void put_at(json::Object& root, std::string_view path, const std::string& text) {
    json::Object* at = &root;
    const auto parts = split(path, '.');
    if (parts.size() > nesting_max) return;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        json::Value& next = (*at)[parts[i]];
        if (!next.is_object()) next = json::Object{};
        at = &next.as_object();
    }
    (*at)[parts.back()] = text;
}

std::optional<double> number_in(std::string_view text) {
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
        return std::nullopt;
    return number;
}

// The one map in these answers.
void write_map(wire::XmlWriter& xml, const json::Object& map) {
    for (const auto& entry : map) {
        xml.element("entry", [&] {
            xml.leaf("key", std::string(entry.key()));
            xml.leaf("value", json::text(entry.value()));
        });
    }
}

void write(wire::XmlWriter& xml, std::string_view name, const json::Value& value) {
    if (value.is_object() && name == "ExtendedStatistics") {
        xml.element(name, [&] { write_map(xml, value.as_object()); });
    } else if (value.is_object()) {
        xml.element(name, [&] {
            for (const auto& [member, inner] : value.as_object())
                write(xml, std::string_view(member), inner);
        });
    } else if (value.is_array()) {
        xml.element(name, [&] {
            for (const auto& inner : value.as_array())
                write(xml, "member", inner);
        });
    } else {
        xml.leaf(name, value.is_string() ? std::string(json::string_of(value)) : json::text(value));
    }
}

} // namespace

std::string Parameters::text(std::string_view name) const {
    return std::string(is_query(call_) ? call_.form.get(name) : json::string_at(call_.body, name));
}

std::vector<std::string> Parameters::texts(std::string_view name) const {
    if (is_query(call_)) return call_.form.list(name);
    std::vector<std::string> texts;
    for (const auto& value : json::array_at(call_.body, name))
        texts.emplace_back(json::string_of(value));
    return texts;
}

std::optional<double> Parameters::number(std::string_view name) const {
    if (!is_query(call_)) {
        const json::Value& value = json::at(call_.body, name);
        if (!value.is_number()) return std::nullopt;
        return value.to_number<double>();
    }
    return number_in(call_.form.get(name));
}

json::Object body_of(const ApiCall& call) {
    if (!is_query(call)) return call.body;
    json::Object flat;
    for (const auto& [name, text] : call.form.items())
        put_at(flat, name, text);
    return with_lists(flat).as_object();
}

std::optional<double> number_of(const json::Value& value) {
    if (value.is_number()) return value.to_number<double>();
    return value.is_string() ? number_in(json::string_of(value)) : std::nullopt;
}

bool bool_of(const json::Value& value, bool otherwise) {
    if (value.is_bool()) return value.as_bool();
    return value.is_string() ? json::string_of(value) == "true" : otherwise;
}

std::optional<WallTime> time_of(const json::Value& value) {
    constexpr double seconds_max = 1e11;
    if (const auto seconds = number_of(value))
        return std::abs(*seconds) < seconds_max ? std::optional(from_epoch_seconds(*seconds))
                                                : std::nullopt;
    if (!value.is_string()) return std::nullopt;
    const auto time = parse_time(json::string_of(value));
    return time ? std::optional(*time) : std::nullopt;
}

Answer result(const ApiCall& call, const json::Object& members) {
    if (!is_query(call)) return answer(members);
    if (members.empty()) return query_answer(call, xmlns);
    return query_answer(call, xmlns, [&](wire::XmlWriter& xml) {
        for (const auto& [member, value] : members)
            write(xml, std::string_view(member), value);
    });
}

json::Value time_value(const ApiCall& call, WallTime when) {
    if (is_query(call)) return json::Value(rfc3339_millis(when));
    return json::Value(epoch_seconds(when));
}

tl::unexpected<wire::ServiceError> invalid_value(std::string message) {
    return refuse("InvalidParameterValue", std::move(message));
}

} // namespace squall::lab::cloudwatch
