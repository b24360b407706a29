// modify-body: the application is asked, and the body of its answer is replaced; headers too.
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/fault/fault.h"
#include "squall/http/characters.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::fault {
namespace {

constexpr std::size_t body_max = 1U << 20U;

class ModifyBody final : public Fault {
public:
    ModifyBody(std::shared_ptr<const std::string> body,
               std::shared_ptr<const http::FieldList> fields)
        : body_(std::move(body)), fields_(std::move(fields)) {}

    void treat(const http::RequestHead& /*request*/,
               std::mt19937_64& /*random*/,
               http::Treatment& into) const override {
        if (body_) into.body = body_;
        if (fields_) into.fields = fields_;
    }

private:
    std::shared_ptr<const std::string> body_;
    std::shared_ptr<const http::FieldList> fields_;
};

bool is_framing(std::string_view name) {
    return equal_ignoring_case(name, "content-length")
           || equal_ignoring_case(name, "transfer-encoding")
           || equal_ignoring_case(name, "connection");
}

void take_headers(Settings& settings, http::FieldList& into) {
    const std::string text = settings.text("HEADERS", "");
    if (text.empty()) return;
    const auto object = json::parse_object(text);
    if (!object)
        return settings.complain(
            fmt::format("HEADERS={}: a JSON object of names and values is wanted, as "
                        "{{\"X-Trace\": \"chaos\"}}",
                        text));
    for (const auto& [name, value] : *object) {
        const std::string content(json::string_of(value));
        if (!http::is_token(name) || !http::is_field_value(content) || !value.is_string())
            settings.complain(fmt::format("HEADERS: '{}' is no header with a text", name));
        else if (is_framing(name))
            settings.complain(fmt::format("HEADERS: {} belongs to the connection, and is not "
                                          "for changing",
                                          name));
        else
            into.emplace_back(name, content);
    }
}

} // namespace

std::unique_ptr<const Fault> make_modify_body(Settings& settings) {
    http::FieldList fields;
    take_headers(settings, fields);
    // With headers alone the body stays as it is.
    const bool keeps_body = settings.has("HEADERS") && !settings.has("RESPONSE_BODY");
    std::string body = settings.text("RESPONSE_BODY", modified_body_by_default);
    const std::string type = settings.text("CONTENT_TYPE", "text/plain; charset=utf-8");
    if (body.size() > body_max)
        settings.complain(fmt::format(
            "RESPONSE_BODY: {} bytes are too many: up to {} are taken", body.size(), body_max));
    if (!http::is_field_value(type))
        settings.complain("CONTENT_TYPE: no control characters can stand in a header");
    const bool has_type = std::any_of(fields.begin(), fields.end(), [](const auto& field) {
        return equal_ignoring_case(field.first, "content-type");
    });
    if (!has_type && (!keeps_body || settings.has("CONTENT_TYPE")))
        fields.emplace_back("Content-Type", type);
    return std::make_unique<ModifyBody>(
        keeps_body ? nullptr : std::make_shared<const std::string>(std::move(body)),
        fields.empty() ? nullptr : std::make_shared<const http::FieldList>(std::move(fields)));
}

} // namespace squall::fault
