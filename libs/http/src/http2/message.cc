#include "message.h"

#include "squall/base/text.h"
#include "squall/http/characters.h"

#include <algorithm>
#include <array>

namespace squall::http::http2 {
namespace {

// They would speak of a connection, which is not this one's (RFC 9113, 8.2.2).
constexpr std::array<std::string_view, 5> connection_fields{
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

// Null, or what is wrong with a field that has no colon in front.
const char* check_field(std::string_view name, std::string_view value) {
    if (!is_token(name)) return "a field's name is none";
    if (std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
        return "a field's name is not in lower case";
    if (!is_field_value(value)) return "a field's value has a character that it may not have";
    if (!value.empty() && (is_blank(value.front()) || is_blank(value.back())))
        return "a field's value has white space around it";
    if (std::find(connection_fields.begin(), connection_fields.end(), name)
            != connection_fields.end()
        || (name == "te" && value != "trailers"))
        return "a field that belongs to a connection of HTTP/1.1";
    return nullptr;
}

struct Pseudo {
    std::string_view method;
    std::string_view scheme;
    std::string_view authority;
    std::string_view path;

    [[nodiscard]] std::string_view* find(std::string_view name) {
        return name == ":method"      ? &method
               : name == ":scheme"    ? &scheme
               : name == ":authority" ? &authority
               : name == ":path"      ? &path
                                      : nullptr;
    }
};

const char* check_pseudo(const Pseudo& said) {
    if (!is_token(said.method)) return "no :method";
    if (!is_visible(said.authority)) return ":authority is none";
    if (said.method == "CONNECT") {
        if (said.authority.empty() || !said.path.empty() || !said.scheme.empty())
            return "CONNECT has an :authority and nothing else";
        return nullptr;
    }
    if (said.scheme.empty() || !is_visible(said.scheme)) return "no :scheme";
    const bool is_path = said.path.starts_with('/') && is_visible(said.path);
    if (!is_path && !(said.path == "*" && said.method == "OPTIONS")) return "no :path";
    return nullptr;
}

// Null, or why its length cannot be believed.
const char* read_length(std::string_view value, RequestHead& head) {
    const auto length = to_integer(value);
    if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit) || !length)
        return "content-length is no number";
    if (head.framing.kind == Framing::Kind::length) return "more than one content-length";
    head.framing = {Framing::Kind::length, static_cast<std::uint64_t>(*length)};
    return nullptr;
}

} // namespace

const char* read_request(const FieldBlock& fields, RequestHead& head) {
    head = {};
    Pseudo said;
    std::optional<std::string_view> host;
    for (std::size_t number = 0; number < fields.size(); ++number) {
        const auto name = fields.name(number);
        const auto value = fields.value(number);
        if (name.starts_with(':')) {
            std::string_view* const place = said.find(name);
            if (place == nullptr) return "a pseudo-header that is not known";
            if (!head.fields.empty()) return "a pseudo-header behind others";
            // Presence counts: what is empty is seen by its bytes, which are somewhere.
            if (place->data() != nullptr) return "a pseudo-header twice";
            *place = value;
            continue;
        }
        if (const char* problem = check_field(name, value)) return problem;
        if (name == "content-length") {
            if (const char* problem = read_length(value, head)) return problem;
        }
        if (name == "host") {
            if (host) return "host twice";
            host = value;
        }
        head.fields.push_back({name, value});
    }
    if (const char* problem = check_pseudo(said)) return problem;
    const bool has_authority = said.authority.data() != nullptr;
    if (host && has_authority && !equal_ignoring_case(*host, said.authority))
        return "host and :authority differ";
    if (!host && has_authority) head.fields.push_back({"host", said.authority});
    head.method = said.method;
    head.asks_upgrade = said.method == "CONNECT"; // what becomes of it has no status to replace
    head.target = head.asks_upgrade ? said.authority : said.path;
    const auto expected = head.field("expect");
    head.expects_continue = expected && equal_ignoring_case(*expected, "100-continue");
    return nullptr;
}

ResponseStatus read_response(const FieldBlock& fields) {
    ResponseStatus result;
    for (std::size_t number = 0; number < fields.size(); ++number) {
        const auto name = fields.name(number);
        const auto value = fields.value(number);
        if (!name.starts_with(':')) {
            if (const char* problem = check_field(name, value)) return {0, problem};
            continue;
        }
        const bool is_number =
            value.size() == 3 && std::all_of(value.begin(), value.end(), is_digit);
        if (name != ":status" || number != 0 || !is_number || value.front() == '0')
            return {0, "its pseudo-headers are not a :status"};
        result.status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
    }
    if (result.status == 0) result.problem = "no :status";
    // RFC 9113, 8.6: it has no place in HTTP/2.
    if (result.status == 101) result.problem = "101 switches protocols, which HTTP/2 does not";
    return result;
}

const char* check_trailers(const FieldBlock& fields) {
    for (std::size_t number = 0; number < fields.size(); ++number) {
        if (fields.name(number).starts_with(':')) return "a pseudo-header behind the body";
        if (const char* problem = check_field(fields.name(number), fields.value(number)))
            return problem;
    }
    return nullptr;
}

} // namespace squall::http::http2
