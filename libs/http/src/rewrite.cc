#include "rewrite.h"

#include "squall/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace squall::http {
namespace {

struct Named {
    int status;
    std::string_view reason;
};

constexpr std::array<Named, 63> reasons{{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
    {599, "Network Connect Timeout"},
}};

// What says how the body is framed, or speaks of its bytes.
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

} // namespace

std::string_view reason_of(int status) {
    const auto* const found = std::lower_bound(
        reasons.begin(), reasons.end(), status, [](const Named& named, int wanted) {
            return named.status < wanted;
        });
    return found != reasons.end() && found->status == status ? found->reason : "Chaos";
}

bool has_content(int status) {
    return status >= 200 && status != 204 && status != 205 && status != 304;
}

bool has_length(int status) { return status >= 200 && status != 204 && status != 304; }

Rewritten rewrite(const ResponseHead& head,
                  std::string_view request_method,
                  const Treatment& treatment,
                  bool closes) {
    Rewritten result;
    const int status = treatment.status.value_or(head.status);
    const bool had_content = has_content(head.status);
    const bool is_head = request_method == "HEAD";
    // A body can stand only where there is one; and where there was none, nothing is made up.
    const bool replaces_body = treatment.body && had_content && has_content(status);
    // What was no body for the old status cannot be left to be read as one for the new.
    const bool drops_body = had_content != has_content(status);
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

} // namespace squall::http
