#include "rewrite.h"

#include "squall/base/text.h"
#include "squall/http/characters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace squall::http {

bool is_about_the_body(std::string_view name) {
    constexpr std::array<std::string_view, 9> names{"content-length",
                                                    "transfer-encoding",
                                                    "content-encoding",
                                                    "content-md5",
                                                    "content-range",
                                                    "digest",
                                                    "content-digest",
                                                    "repr-digest",
                                                    "trailer"};
    return std::any_of(names.begin(), names.end(), [&](std::string_view one) {
        return equal_ignoring_case(one, name);
    });
}

bool is_framing(std::string_view name) {
    return equal_ignoring_case(name, "content-length")
           || equal_ignoring_case(name, "transfer-encoding")
           || equal_ignoring_case(name, "trailer");
}

bool is_named_in(const FieldList* fields, std::string_view name) {
    return fields != nullptr && std::any_of(fields->begin(), fields->end(), [&](const auto& field) {
               return equal_ignoring_case(field.first, name);
           });
}

BodyChange body_change(int status, int wanted, const Treatment& treatment) {
    const bool had_content = has_content(status);
    // A body can stand only where there is one; and where there was none, nothing is made up. What
    // was no body for the old status cannot be left to be read as one for the new.
    return {treatment.body && had_content && has_content(wanted),
            had_content != has_content(wanted)};
}

Rewritten rewrite(const ResponseHead& head,
                  std::string_view request_method,
                  const Treatment& treatment,
                  bool closes) {
    Rewritten result;
    const int status = treatment.status.value_or(head.status);
    const bool is_head = request_method == "HEAD";
    const auto [replaces_body, drops_body] = body_change(head.status, status, treatment);
    result.replaces = replaces_body || drops_body;
    if (replaces_body && !is_head) result.content = *treatment.body;

    const std::string_view reason = treatment.status ? reason_of(status) : head.reason;
    result.head = fmt::format(
        "HTTP/1.{} {} {}\r\n", head.version == Version::http_1_0 ? 0 : 1, status, reason);
    for (const Field& field : head.fields) {
        if (is_named_in(treatment.fields.get(), field.name)) continue;
        if (replaces_body && is_about_the_body(field.name)) continue;
        if (drops_body && is_framing(field.name)) continue;
        if (closes && equal_ignoring_case(field.name, "connection")) continue;
        if (closes && equal_ignoring_case(field.name, "keep-alive")) continue;
        result.head += fmt::format("{}: {}\r\n", field.name, field.value);
    }
    if (treatment.fields) {
        for (const auto& [name, value] : *treatment.fields)
            result.head += fmt::format("{}: {}\r\n", name, value);
    }
    if (result.replaces && has_length(status))
        result.head += fmt::format("Content-Length: {}\r\n",
                                   replaces_body ? treatment.body->size() : std::size_t{0});
    if (closes) result.head += "Connection: close\r\n";
    result.head += "\r\n";
    return result;
}

std::string without_offer(const RequestHead& head) {
    std::string text(head.raw.substr(0, head.raw.find("\r\n") + 2));
    for (const Field& field : head.fields) {
        std::string value(field.value);
        if (equal_ignoring_case(field.name, "upgrade")
            || equal_ignoring_case(field.name, "http2-settings"))
            continue;
        if (equal_ignoring_case(field.name, "connection")) {
            std::vector<std::string> left;
            for (const auto& part : split(value, ',')) {
                const auto token = trimmed_blanks(part);
                if (!token.empty() && !equal_ignoring_case(token, "upgrade")
                    && !equal_ignoring_case(token, "http2-settings"))
                    left.emplace_back(token);
            }
            if (left.empty()) continue;
            value = join(left, ", ");
        }
        text += fmt::format("{}: {}\r\n", field.name, value);
    }
    return text + "\r\n";
}

std::string with_fields(std::string head, const FieldList& fields) {
    constexpr std::string_view end = "\r\n";
    if (!head.ends_with(end) || fields.empty()) return head;
    head.resize(head.size() - end.size());
    for (const auto& [name, value] : fields)
        head += fmt::format("{}: {}\r\n", name, value);
    head += end;
    return head;
}

} // namespace squall::http
