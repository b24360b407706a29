#include "cloudwatch/parameters.h"

#include "api/query_answer.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <charconv>

namespace squall::lab::cloudwatch {
namespace {

constexpr std::string_view xmlns = "http://monitoring.amazonaws.com/doc/2010-08-01/";

bool is_query(const ApiCall& call) { return call.protocol == wire::Protocol::query; }

void write(wire::XmlWriter& xml, std::string_view name, const json::Value& value) {
    if (value.is_object()) {
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
    const std::string_view text = call_.form.get(name);
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
        return std::nullopt;
    return number;
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
