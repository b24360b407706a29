#include "redact/values.h"

#include <algorithm>
#include <optional>

namespace squall::doctor {
namespace {

constexpr std::string_view closing_signs = ",;)]}>|\"'`";

bool is_closing(char c) { return closing_signs.find(c) != std::string_view::npos; }

// A sign that may be part of a password ends it only where nothing of a word follows.
bool ends_value(std::string_view text, std::size_t at) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\n';
    if (text[at] == '\\') {
        if (is_quote(next)) return at + 2 >= text.size() || ends_value(text, at + 1);
        return next == 'n' || next == 'r' || next == 't' || next == '\\'
               || text.substr(at, 6) == "\\u0026";
    }
    return is_closing(text[at])
           && (is_space(next) || is_closing(next) || next == '\\' || next == ':');
}

// In a query another parameter follows; elsewhere the sign is a part of the value.
bool begins_parameter(std::string_view text, std::size_t at) {
    if (text[at] != '&') return false;
    constexpr std::size_t name_max = 64;
    for (std::size_t i = at + 1; i < std::min(text.size(), at + name_max); ++i) {
        if (text[i] == '=') return i > at + 1;
        if (!is_alphanumeric(text[i]) && text[i] != '_' && text[i] != '-' && text[i] != '.')
            return false;
    }
    return at + 1 == text.size();
}

} // namespace

bool goes_on_behind(std::string_view text, std::size_t quote) {
    if (quote + 1 >= text.size()) return false;
    const char next = text[quote + 1];
    if (is_space(next) || is_closing(next) || is_marked(text, quote + 1)) return false;
    constexpr std::string_view others = "\\:<&.?";
    return others.find(next) == std::string_view::npos;
}

Quote quote_before(std::string_view text, std::size_t at) {
    if (at == 0 || !is_quote(text[at - 1])) return {};
    Quote quote{text[at - 1], 0};
    while (quote.depth + 1 < at && text[at - 2 - quote.depth] == '\\')
        ++quote.depth;
    return quote;
}

Quote quote_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && text[end] == '\\')
        ++end;
    if (end == text.size() || !is_quote(text[end])) return {};
    return {text[end], end - at};
}

std::size_t end_of_line(std::string_view text, std::size_t at) {
    while (at < text.size() && !is_line_end(text[at]))
        ++at;
    return at;
}

std::size_t end_of_quoted(std::string_view text, std::size_t at, Quote quote) {
    constexpr std::size_t rest_max = 512; // how far a value may go on behind a quote in it
    std::size_t backslashes = 0;
    std::optional<std::size_t> first; // quote that may be a part of the value
    for (; at < text.size() && !is_line_end(text[at]); ++at) {
        if (first && at - *first > rest_max) break;
        if (text[at] == '\\') {
            ++backslashes;
            continue;
        }
        if (text[at] == quote.sign) {
            // Fewer: a string further out ends here, because this one was cut.
            const bool is_outer = backslashes < quote.depth;
            if (is_outer) return first ? *first - quote.depth : at - backslashes;
            if (backslashes % (2 * (quote.depth + 1)) == quote.depth) {
                if (!goes_on_behind(text, at)) return at - quote.depth;
                if (!first) first = at;
            }
        }
        backslashes = 0;
    }
    return first ? *first - quote.depth : at;
}

std::size_t end_of_word(std::string_view text, std::size_t at) {
    while (at < text.size() && !is_space(text[at]) && !ends_value(text, at)
           && !begins_parameter(text, at))
        ++at;
    return at;
}

std::size_t end_of_words(std::string_view text, std::size_t at) {
    while (at < text.size() && !is_line_end(text[at])) {
        // A list or a sentence may go on behind a comma, and a password behind any.
        if (text[at] != ',' && text[at] != ';' && ends_value(text, at)) break;
        ++at;
    }
    return at;
}

std::size_t end_of_object(std::string_view text, std::size_t at) {
    constexpr std::size_t object_max = 4096;
    const std::size_t limit = std::min(text.size(), at + object_max);
    std::size_t open = 0;
    for (std::size_t i = at; i < limit; ++i) {
        if (text[i] == '{') ++open;
        if (text[i] == '}' && --open == 0) return i + 1;
    }
    return std::min(limit, end_of_line(text, at));
}

Spans items_of_list(std::string_view text, std::size_t at) {
    Spans items;
    std::size_t end = at + 1;
    while (end < text.size() && !is_line_end(text[end]) && text[end] != ']') {
        const Quote quote = quote_at(text, end);
        if (quote.sign == 0) {
            ++end;
            continue;
        }
        const std::size_t begin = end + quote.depth + 1;
        end = end_of_quoted(text, begin, quote);
        items.push_back({begin, end});
        if (const Quote close = quote_at(text, end); close.sign != 0) end += close.depth + 1;
    }
    if (end < text.size() && text[end] == ']') ++end;
    const std::size_t first = text.find_first_not_of(" \t", at + 1);
    const bool has_strings = first < text.size() && quote_at(text, first).sign != 0;
    return has_strings ? items : Spans{{at, end}};
}

} // namespace squall::doctor
