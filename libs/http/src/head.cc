#include "squall/http/head.h"

#include "squall/base/text.h"
#include "squall/http/characters.h"

#include <array>
#include <cstring>

namespace squall::http {
namespace {

using MaybeRefusal = std::optional<Refusal>;

constexpr std::string_view line_end = "\r\n";

bool has_token(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const auto [first, rest] = split_once(list, ',');
        if (equal_ignoring_case(trimmed_blanks(first), wanted)) return true;
        list = rest;
    }
    return false;
}

// What the fields say together that decides where the message ends and what becomes of its
// connection.
struct Facts {
    std::optional<std::uint64_t> length;
    bool is_chunked = false;
    bool has_transfer_encoding = false;
    bool closes = false;
    bool keeps = false;
    bool upgrades = false; // Connection: upgrade
    bool has_upgrade = false;
    bool is_http2 = false; // what Upgrade names
    int hosts = 0;
};

std::optional<std::uint64_t> decimal(std::string_view digits) {
    // 18 digits are enough for an exabyte, and cannot overflow.
    if (digits.empty() || digits.size() > 18) return std::nullopt;
    std::uint64_t value = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return value;
}

MaybeRefusal take_transfer_encoding(std::string_view value, Facts& facts) {
    facts.has_transfer_encoding = true;
    while (!value.empty()) {
        const auto [first, rest] = split_once(value, ',');
        const std::string_view coding = trimmed_blanks(first);
        value = rest;
        if (coding.empty()) continue;
        if (facts.is_chunked) return Refusal{400, "chunked is not the last transfer coding"};
        if (equal_ignoring_case(coding, "chunked")) {
            facts.is_chunked = true;
        } else if (!equal_ignoring_case(coding, "gzip") && !equal_ignoring_case(coding, "x-gzip")
                   && !equal_ignoring_case(coding, "deflate")
                   && !equal_ignoring_case(coding, "compress")) {
            return Refusal{501, "a transfer coding that nobody knows"};
        }
    }
    return std::nullopt;
}

// Few fields matter here, and their names differ in length: most are passed by at once.
MaybeRefusal take_field(const Field& field, Facts& facts) {
    switch (field.name.size()) {
    case 4:
        facts.hosts += equal_ignoring_case(field.name, "host") ? 1 : 0;
        break;
    case 7:
        if (!equal_ignoring_case(field.name, "upgrade")) break;
        facts.is_http2 = !facts.has_upgrade && field.value == "h2c";
        facts.has_upgrade = true;
        break;
    case 10:
        if (!equal_ignoring_case(field.name, "connection")) break;
        facts.closes = facts.closes || has_token(field.value, "close");
        facts.keeps = facts.keeps || has_token(field.value, "keep-alive");
        facts.upgrades = facts.upgrades || has_token(field.value, "upgrade");
        break;
    case 14:
        if (!equal_ignoring_case(field.name, "content-length")) break;
        if (facts.length) return Refusal{400, "more than one Content-Length"};
        facts.length = decimal(field.value);
        if (!facts.length) return Refusal{400, "Content-Length is no number of bytes"};
        break;
    case 17:
        if (equal_ignoring_case(field.name, "transfer-encoding"))
            return take_transfer_encoding(field.value, facts);
        break;
    default:
        break;
    }
    return std::nullopt;
}

// `lines`: from the second line of a head to its empty line, that one included.
MaybeRefusal read_fields(std::string_view lines, std::vector<Field>& fields, Facts& facts) {
    fields.clear();
    while (lines.size() > line_end.size()) {
        const std::size_t end = lines.find('\r');
        // Each line ends with both (HeadFinder has seen to it): any other carriage return is
        // inside.
        if (lines[end + 1] != '\n') return Refusal{400, "a carriage return inside a line"};
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(end + line_end.size());
        if (is_blank(line.front())) return Refusal{400, "a folded header line"};
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return Refusal{400, "a header line without a colon"};
        Field field{line.substr(0, colon), trimmed_blanks(line.substr(colon + 1))};
        if (!is_token(field.name)) return Refusal{400, "a header name that is none"};
        if (!is_field_value(field.value)) return Refusal{400, "a control character in a header"};
        if (fields.size() == head_fields_max) return Refusal{431, "too many header lines"};
        if (auto refusal = take_field(field, facts)) return refusal;
        fields.push_back(field);
    }
    return std::nullopt;
}

std::optional<std::string_view> find_field(const std::vector<Field>& fields,
                                           std::string_view name) {
    for (const Field& field : fields) {
        if (equal_ignoring_case(field.name, name)) return field.value;
    }
    return std::nullopt;
}

bool keeps_alive(Version version, const Facts& facts) {
    return version == Version::http_1_1 ? !facts.closes : facts.keeps && !facts.closes;
}

// "HTTP/1.1" and what comes after it, as 1.0 or 1.1.
MaybeRefusal read_version(std::string_view text, Version& into) {
    constexpr std::string_view name = "HTTP/";
    if (text.size() != 8 || !text.starts_with(name) || !is_digit(text[5]) || text[6] != '.'
        || !is_digit(text[7]))
        return Refusal{400, "no HTTP version where one should be"};
    if (text[5] != '1') return Refusal{505, "a version of HTTP that is not spoken here"};
    // A later minor version keeps the meaning of 1.1 (RFC 9110, 2.5).
    into = text[7] == '0' ? Version::http_1_0 : Version::http_1_1;
    return std::nullopt;
}

MaybeRefusal read_request_line(std::string_view line, RequestHead& into) {
    const auto [method, rest] = split_once(line, ' ');
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return Refusal{400, "a request line without a version"};
    into.method = method;
    into.target = rest.substr(0, space);
    if (!is_token(method)) return Refusal{400, "a method that is none"};
    if (into.target.empty() || !is_visible(into.target))
        return Refusal{400, "a request target that is none"};
    return read_version(rest.substr(space + 1), into.version);
}

MaybeRefusal frame_request(const Facts& facts, RequestHead& head) {
    head.keeps_alive = keeps_alive(head.version, facts);
    const bool asks = facts.upgrades && facts.has_upgrade && head.version == Version::http_1_1;
    head.asks_upgrade = asks && !facts.is_http2;
    head.offers_http2 = asks && facts.is_http2;
    if (facts.hosts > 1) return Refusal{400, "more than one Host"};
    if (facts.hosts == 0 && head.version == Version::http_1_1) return Refusal{400, "no Host"};
    head.framing = {};
    if (facts.has_transfer_encoding) {
        if (facts.length) return Refusal{400, "Content-Length beside Transfer-Encoding"};
        if (head.version == Version::http_1_0) return Refusal{400, "Transfer-Encoding in HTTP/1.0"};
        if (!facts.is_chunked) return Refusal{400, "a request body whose end is not marked"};
        head.framing.kind = Framing::Kind::chunked;
    } else if (facts.length.value_or(0) > 0) {
        head.framing = {Framing::Kind::length, *facts.length};
    }
    return std::nullopt;
}

void frame_response(const Facts& facts, std::string_view method, ResponseHead& head) {
    head.keeps_alive = keeps_alive(head.version, facts);
    head.framing = {};
    const bool has_no_body = head.status < 200 || head.status == 204 || head.status == 304
                             || method == "HEAD" || (method == "CONNECT" && head.status < 300);
    if (has_no_body) return;
    if (facts.has_transfer_encoding) {
        // With both, chunked counts, and the connection is not used again (RFC 9112, 6.3).
        head.framing.kind = facts.is_chunked ? Framing::Kind::chunked : Framing::Kind::until_close;
        if (facts.length) head.keeps_alive = false;
    } else if (facts.length) {
        if (*facts.length > 0) head.framing = {Framing::Kind::length, *facts.length};
    } else {
        head.framing.kind = Framing::Kind::until_close;
    }
    if (head.framing.kind == Framing::Kind::until_close) head.keeps_alive = false;
}

} // namespace

HeadFinder::Found HeadFinder::refuse(int status, std::string_view why) {
    refusal_ = {status, why};
    return Found::refused;
}

HeadFinder::Found HeadFinder::look(std::string_view bytes) {
    while (looked_ < bytes.size()) {
        const std::size_t feed = bytes.find('\n', looked_);
        if (feed == std::string_view::npos) {
            looked_ = bytes.size();
            break;
        }
        if (feed == line_ || bytes[feed - 1] != '\r')
            return refuse(400, "a line that ends without a carriage return");
        const bool is_empty = feed - line_ == 1;
        looked_ = line_ = feed + 1;
        if (looked_ > head_size_max) break;
        if (is_empty) return Found::whole;
    }
    if (looked_ > head_size_max) return refuse(431, "a head of more than 64 KiB");
    return Found::not_yet;
}

std::optional<std::string_view> RequestHead::field(std::string_view name) const {
    return find_field(fields, name);
}

std::optional<Refusal> RequestHead::read(std::string_view bytes) {
    raw = bytes;
    const std::size_t end = bytes.find(line_end);
    if (auto refusal = read_request_line(bytes.substr(0, end), *this)) return refusal;
    Facts facts;
    if (auto refusal = read_fields(bytes.substr(end + line_end.size()), fields, facts))
        return refusal;
    const auto expectation = version == Version::http_1_1 ? field("expect") : std::nullopt;
    expects_continue = expectation && equal_ignoring_case(*expectation, "100-continue");
    return frame_request(facts, *this);
}

std::optional<std::string_view> ResponseHead::field(std::string_view name) const {
    return find_field(fields, name);
}

std::optional<Refusal> ResponseHead::read(std::string_view bytes, std::string_view request_method) {
    raw = bytes;
    const std::size_t end = bytes.find(line_end);
    const std::string_view line = bytes.substr(0, end);
    const auto [protocol, rest] = split_once(line, ' ');
    if (auto refusal = read_version(protocol, version)) return refusal;
    const auto number = rest.size() >= 3 ? decimal(rest.substr(0, 3)) : std::nullopt;
    const bool is_cut = rest.size() > 3 && rest[3] != ' ';
    if (!number || *number < 100 || is_cut) return Refusal{502, "a status that is no number"};
    status = static_cast<int>(*number);
    reason = rest.size() > 4 ? rest.substr(4) : std::string_view();
    if (!is_field_value(reason)) return Refusal{502, "a control character in the status line"};
    Facts facts;
    if (auto refusal = read_fields(bytes.substr(end + line_end.size()), fields, facts))
        return Refusal{502, refusal->why};
    frame_response(facts, request_method, *this);
    return std::nullopt;
}

} // namespace squall::http
