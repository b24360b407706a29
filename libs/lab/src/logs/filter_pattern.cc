#include "logs/filter_pattern.h"

#include "api/json_path.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab::logs {
namespace {

constexpr std::string_view ellipsis = "...";

bool is_of_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
           || static_cast<unsigned char>(c) >= 0x80;
}

bool contains(std::string_view message, const std::string& word) {
    return message.find(word) != std::string_view::npos;
}

// The columns of an event: what is in [brackets] or "quotation marks" is one of them.
std::vector<std::string> columns_of(std::string_view message) {
    std::vector<std::string> columns;
    for (std::size_t at = 0; at < message.size();) {
        if (message[at] == ' ') {
            ++at;
            continue;
        }
        const char closing = message[at] == '[' ? ']' : message[at] == '"' ? '"' : ' ';
        const std::size_t begin = closing == ' ' ? at : at + 1;
        const std::size_t end = std::min(message.find(closing, begin), message.size());
        columns.emplace_back(message.substr(begin, end - begin));
        at = end + 1;
    }
    return columns;
}

// Commas outside of quotation marks.
std::vector<std::string> split_columns(std::string_view text) {
    std::vector<std::string> parts(1);
    bool is_quoted = false;
    for (const char c : text) {
        if (c == '"') is_quoted = !is_quoted;
        if (c == ',' && !is_quoted)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

} // namespace

Result<FilterPattern> FilterPattern::parse(std::string_view text) {
    if (text.size() > text_max)
        return fail(Errc::invalid_input, "it has more than {} characters", text_max);
    text = trimmed(text);
    if (text.starts_with('[') && text.ends_with(']'))
        return parse_columns(text.substr(1, text.size() - 2));
    if (!text.starts_with('{')) return parse_words(text);
    if (!text.ends_with('}')) return fail(Errc::invalid_input, "a brace is not closed");
    auto condition = parse_condition(text.substr(1, text.size() - 2), "$.");
    if (!condition) return fail(condition.error());
    FilterPattern pattern;
    pattern.kind_ = Kind::json;
    pattern.condition_ = std::move(*condition);
    return pattern;
}

Result<FilterPattern> FilterPattern::parse_words(std::string_view text) {
    FilterPattern pattern;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        auto* into = &pattern.all_;
        if (text[at] == '-' || text[at] == '?') {
            into = text[at] == '-' ? &pattern.none_ : &pattern.any_;
            ++at;
        }
        std::string word;
        if (at < text.size() && text[at] == '"') {
            for (++at; at < text.size() && text[at] != '"'; ++at) {
                if (text[at] == '\\' && at + 1 < text.size()) ++at;
                word += text[at];
            }
            if (at++ >= text.size())
                return fail(Errc::invalid_input, "a quotation mark is not closed");
        } else {
            while (at < text.size() && is_of_word(text[at]))
                word += text[at++];
            if (at < text.size() && text[at] != ' ')
                return fail(Errc::invalid_input,
                            "'{}' has to stand in double quotation marks; regular expressions are "
                            "not known to this lab",
                            text[at]);
        }
        if (word.empty()) return fail(Errc::invalid_input, "a term is empty");
        into->push_back(std::move(word));
    }
    return pattern;
}

Result<FilterPattern> FilterPattern::parse_columns(std::string_view text) {
    FilterPattern pattern;
    pattern.kind_ = Kind::columns;
    bool has_ellipsis = false;
    for (const auto& part : split_columns(text)) {
        const std::string_view one = trimmed(part);
        if (one == ellipsis) {
            if (has_ellipsis) return fail(Errc::invalid_input, "there can be one ellipsis");
            has_ellipsis = true;
            pattern.columns_.push_back({std::string(one), {}});
            continue;
        }
        std::size_t end = 0;
        while (end < one.size() && is_of_word(one[end]))
            ++end;
        if (end == 0) return fail(Errc::invalid_input, "a column has no name");
        Column column{std::string(one.substr(0, end)), {}};
        if (end < one.size()) {
            auto condition = parse_condition(one, column.name);
            if (!condition) return fail(condition.error());
            column.condition = std::move(*condition);
        }
        pattern.columns_.push_back(std::move(column));
    }
    return pattern;
}

bool FilterPattern::matches_columns(std::string_view message) const {
    const auto values = columns_of(message);
    const auto ellipsis_at =
        std::find_if(columns_.begin(), columns_.end(), [](const Column& column) {
            return column.name == ellipsis;
        });
    const bool has_ellipsis = ellipsis_at != columns_.end();
    const std::size_t named = columns_.size() - (has_ellipsis ? 1 : 0);
    if (has_ellipsis ? values.size() < named : values.size() != named) return false;
    std::size_t at = 0;
    return std::all_of(columns_.begin(), columns_.end(), [&](const Column& column) {
        if (column.name == ellipsis) {
            at += values.size() - named;
            return true;
        }
        const std::string& value = values[at++];
        if (!column.condition) return true;
        return holds(*column.condition,
                     [&](const std::string&) { return std::optional(json::Value(value)); });
    });
}

bool FilterPattern::matches(std::string_view message) const {
    const auto is_there = [&](const std::string& word) {
        return contains(message, word);
    };
    switch (kind_) {
    case Kind::words:
        return std::all_of(all_.begin(), all_.end(), is_there)
               && (any_.empty() || std::any_of(any_.begin(), any_.end(), is_there))
               && std::none_of(none_.begin(), none_.end(), is_there);
    case Kind::columns:
        return matches_columns(message);
    case Kind::json:
        break;
    }
    const auto parsed = json::parse(message);
    return parsed && parsed->is_object() && holds(condition_, [&](const std::string& selector) {
               return value_at(*parsed, selector);
           });
}

} // namespace squall::lab::logs
