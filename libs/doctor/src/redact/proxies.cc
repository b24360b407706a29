// Settings that name a proxy, and its user's part in them.
#include "redact/proxies.h"

#include "redact/values.h"
#include "squall/base/text.h"
#include "squall/doctor/proxy_secrets.h"

#include <algorithm>

namespace squall::doctor {
namespace {

constexpr std::string_view word = "proxy";
constexpr std::size_t value_max = 2048;

bool is_of_name(char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; }

std::size_t after_blanks(std::string_view text, std::size_t at) {
    while (at < text.size() && is_blank(text[at]))
        ++at;
    return at;
}

// `  export HTTP_PROXY=…`: all of the line is this setting's.
bool is_whole_line(std::string_view text, std::size_t name) {
    std::size_t begin = name;
    while (begin > 0 && !is_line_end(text[begin - 1]))
        --begin;
    const std::string_view before = trimmed(text.substr(begin, name - begin));
    return before.empty() || before == "export";
}

// Where the line ends, or another setting begins behind a blank.
std::size_t end_of_setting(std::string_view text, std::size_t at) {
    const std::size_t end = std::min(end_of_line(text, at), at + value_max);
    for (std::size_t blank = at; blank < end; ++blank) {
        if (!is_blank(text[blank])) continue;
        const std::size_t name = after_blanks(text, blank);
        std::size_t name_end = name;
        while (name_end < end && is_of_name(text[name_end]))
            ++name_end;
        if (name_end > name && name_end < end && text[name_end] == '=') return blank;
    }
    return end;
}

// Amid other text. A password with a blank in it may go on behind its first word.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    const std::size_t end = std::min(end_of_word(text, at), at + value_max);
    const std::string_view first = text.substr(at, end - at);
    if (first.find('@') != std::string_view::npos) return end;
    // "http://bob:aa bb@…"; where a port ends the word, it is all of the value.
    const std::size_t scheme = first.find("://");
    const std::size_t colon =
        scheme == std::string_view::npos ? scheme : first.find(':', scheme + 1);
    const bool goes_on =
        colon != std::string_view::npos
        && first.find_first_not_of("0123456789/", colon + 1) != std::string_view::npos;
    return goes_on ? end_of_setting(text, at) : at;
}

// Where the value begins of the setting whose name ends there; npos: it is none.
std::size_t value_of(std::string_view text, Span name) {
    std::size_t at = name.end;
    if (const Quote close = quote_at(text, at); close.sign != 0) at += close.depth + 1;
    const std::size_t sign = after_blanks(text, at);
    if (sign < text.size() && (text[sign] == '=' || text[sign] == ':'))
        return text.substr(sign, 3) == "://" ? std::string_view::npos
                                             : after_blanks(text, sign + 1);
    const bool is_option = text[name.begin] == '-';
    return is_option && sign > at ? sign : std::string_view::npos;
}

Span value_behind(std::string_view text, Span name) {
    const std::size_t value = value_of(text, name);
    if (value == std::string_view::npos || value >= text.size()) return {};
    if (const Quote quote = quote_at(text, value); quote.sign != 0) {
        const std::size_t begin = value + quote.depth + 1;
        return {begin, end_of_quoted(text, begin, quote)};
    }
    const Quote quote = quote_before(text, name.begin);
    if (quote.sign != 0 && text[name.end] == '=') return {value, end_of_quoted(text, value, quote)};
    return {value,
            is_whole_line(text, name.begin) ? end_of_setting(text, value)
                                            : end_of_value(text, value)};
}

} // namespace

Spans proxy_values(std::string_view text) {
    Spans values;
    constexpr std::size_t place_of_x = 3;
    for (std::size_t x = place_of_x; x + 1 < text.size(); ++x) {
        // Few words have one.
        if (text[x] != 'x' && text[x] != 'X') continue;
        const std::size_t begin = x - place_of_x;
        const std::size_t end = begin + word.size();
        if (!equal_ignoring_case(text.substr(begin, word.size()), word)
            || (end < text.size() && is_of_name(text[end])))
            continue;
        Span name{begin, end};
        while (name.begin > 0 && is_of_name(text[name.begin - 1]))
            --name.begin;
        const Span value = value_behind(text, name);
        if (value.end > value.begin) values.push_back(value);
    }
    return values;
}

std::string_view proxy_user(std::string_view value) {
    const std::size_t sign = value.rfind('@');
    if (sign == std::string_view::npos) return {};
    std::size_t begin = 0;
    for (const std::string_view scheme : {"://", ":\\/\\/"}) {
        const std::size_t at = value.find(scheme);
        if (at != std::string_view::npos && at < sign) {
            begin = at + scheme.size();
            break;
        }
    }
    return value.substr(begin, sign - begin);
}

void find_proxy_users(std::string_view text, Spans& spans) {
    for (const Span& value : proxy_values(text)) {
        const std::string_view user = proxy_user(text.substr(value.begin, value.end - value.begin));
        if (user.empty() || user == redaction_mark) continue;
        const auto begin = static_cast<std::size_t>(user.data() - text.data());
        spans.push_back({begin, begin + user.size()});
    }
}

} // namespace squall::doctor
