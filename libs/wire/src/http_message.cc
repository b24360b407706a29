#include "squall/wire/http_message.h"

#include "squall/base/text.h"

#include <algorithm>

namespace squall::wire {
namespace {

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_' || c == '.' || c == '~';
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

} // namespace

std::string_view header_value(const Headers& headers, std::string_view name) {
    for (const auto& header : headers) {
        if (equal_ignoring_case(header.name, name)) return header.value;
    }
    return {};
}

bool has_header(const Headers& headers, std::string_view name) {
    return std::any_of(headers.begin(), headers.end(), [&](const Header& header) {
        return equal_ignoring_case(header.name, name);
    });
}

void set_header(Headers& headers, std::string_view name, std::string value) {
    std::erase_if(headers,
                  [&](const Header& header) { return equal_ignoring_case(header.name, name); });
    headers.push_back({std::string(name), std::move(value)});
}

std::string Url::host_header() const {
    if (scheme == "unix") return "localhost";
    const std::string bracketed = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == default_port(scheme) ? bracketed : fmt::format("{}:{}", bracketed, port);
}

std::string Url::origin() const {
    return scheme == "unix" ? "unix:" + host : scheme + "://" + host_header();
}

Result<Url> parse_url(std::string_view text) {
    const std::string_view whole = text;
    const auto bad = [&](std::string_view why) {
        return fail(Errc::invalid_input, "'{}' is not a usable URL: {}", whole, why);
    };
    Url url;
    if (text.starts_with("unix:")) {
        url.scheme = "unix";
        url.host = text.substr(5);
        return url.host.empty() ? Result<Url>(bad("no path after unix:"))
                                : Result<Url>(std::move(url));
    }
    const std::size_t separator = text.find("://");
    if (separator == std::string_view::npos)
        return bad("it does not begin with http:// or https://");
    url.scheme = lower(text.substr(0, separator));
    if (url.scheme != "http" && url.scheme != "https") return bad("only http and https are spoken");
    text.remove_prefix(separator + 3);
    const std::size_t path = text.find_first_of("/?#");
    std::string_view authority = text.substr(0, path);
    if (path != std::string_view::npos) {
        url.target = text.substr(path, text.find('#') - path);
        if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
    }
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        url.user_info = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    std::string_view port;
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        if (end == std::string_view::npos) return bad("an IPv6 address wants its ']'");
        url.host = authority.substr(1, end - 1);
        port = authority.substr(end + 1);
        if (!port.empty() && port.front() != ':') return bad("what follows ']' is no port");
        if (!port.empty()) port.remove_prefix(1);
    } else {
        const auto [host, rest] = split_once(authority, ':');
        url.host = lower(host);
        port = rest;
    }
    if (url.host.empty()) return bad("it names no host");
    if (std::any_of(whole.begin(), whole.end(), [](char c) {
            return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
        })) {
        return bad("it holds a blank or control character");
    }
    const auto number = port.empty() ? default_port(url.scheme) : to_integer(port).value_or(0);
    if (number < 1 || number > 65535) return bad("the port is not between 1 and 65535");
    url.port = static_cast<std::uint16_t>(number);
    return url;
}

std::string percent_encoded(std::string_view text, bool keep_slash) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (const char c : text) {
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(digits[byte >> 4U]);
            out.push_back(digits[byte & 0xfU]);
        }
    }
    return out;
}

std::string percent_decoded(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0
                            && hex_digit(text[i + 2]) >= 0;
        if (escape) {
            out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
            i += 2;
        } else {
            out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

} // namespace squall::wire
