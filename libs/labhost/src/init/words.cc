#include "init/words.h"

#include "init/unit_name.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace squall::labhost::init {
namespace {

constexpr std::string_view spaces = " \t\n\r";

bool is_space(char c) { return spaces.find(c) != std::string_view::npos; }

bool is_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && is_letter(name.front())
           && std::all_of(name.begin(), name.end(), [&](char c) {
                  return is_letter(c) || (c >= '0' && c <= '9');
              });
}

void append_utf8(std::string& text, std::uint32_t point) {
    const auto add = [&](std::uint32_t byte) {
        text += static_cast<char>(byte);
    };
    if (point < 0x80) {
        add(point);
    } else if (point < 0x800) {
        add(0xc0 | point >> 6);
        add(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        add(0xe0 | point >> 12);
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    } else {
        add(0xf0 | point >> 18);
        add(0x80 | (point >> 12 & 0x3f));
        add(0x80 | (point >> 6 & 0x3f));
        add(0x80 | (point & 0x3f));
    }
}

struct NumberEscape {
    char letter; // 0 for octal, which has none
    std::size_t digits;
    int base;
};

// Reads a numeric escape at the front of `text` (after the backslash) and moves past it.
bool take_number_escape(std::string_view& text, std::string& word) {
    constexpr std::array<NumberEscape, 4> kinds{
        NumberEscape{'x', 2, 16}, {'u', 4, 16}, {'U', 8, 16}, {0, 3, 8}};
    for (const NumberEscape& kind : kinds) {
        if (kind.letter != 0 && text.front() != kind.letter) continue;
        const std::size_t skip = kind.letter != 0 ? 1 : 0;
        if (text.size() < skip + kind.digits) continue;
        std::uint32_t value = 0;
        const char* end = text.data() + skip + kind.digits;
        const auto [last, error] = std::from_chars(text.data() + skip, end, value, kind.base);
        if (error != std::errc{} || last != end || value == 0 || value > 0x10ffff) continue;
        if (kind.letter == 'u' || kind.letter == 'U')
            append_utf8(word, value);
        else if (value < 256)
            word += static_cast<char>(value);
        else
            continue;
        text.remove_prefix(skip + kind.digits);
        return true;
    }
    return false;
}

// Reads what follows a backslash and moves past it.
void take_escape(std::string_view& text, std::string& word) {
    if (text.empty()) {
        word += '\\';
        return;
    }
    constexpr std::string_view letters = "abfnrtvs\\\"'";
    constexpr std::string_view meanings = "\a\b\f\n\r\t\v \\\"'";
    const auto known = letters.find(text.front());
    if (known != std::string_view::npos) {
        word += meanings[known];
        text.remove_prefix(1);
    } else if (!take_number_escape(text, word)) {
        word += '\\';
    }
}

void skip_spaces(std::string_view& text) {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
}

// Reads one word; nothing when a quote stays open.
std::optional<Word> take_word(std::string_view& text) {
    Word word;
    char quote = 0;
    while (!text.empty()) {
        const char c = text.front();
        if (quote == 0 && is_space(c)) break;
        text.remove_prefix(1);
        if (c == '\\') {
            take_escape(text, word.text);
        } else if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
            word.quoted = true;
        } else {
            word.text += c;
        }
    }
    if (quote != 0) return std::nullopt;
    return word;
}

std::string value_of(const Environment& environment, const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

// ${NAME} and $$ within one word.
std::string replaced(std::string_view word, const Environment& environment) {
    std::string result;
    while (!word.empty()) {
        if (word.starts_with("$$")) {
            result += '$';
            word.remove_prefix(2);
            continue;
        }
        const auto close = word.starts_with("${") ? word.find('}') : std::string_view::npos;
        if (close != std::string_view::npos && is_name(word.substr(2, close - 2))) {
            result += value_of(environment, std::string(word.substr(2, close - 2)));
            word.remove_prefix(close + 1);
            continue;
        }
        result += word.front();
        word.remove_prefix(1);
    }
    return result;
}

// The value part of a line of an environment file. Quotes may hold line breaks.
std::string take_value(std::string_view& text) {
    std::string value;
    std::size_t kept = 0; // up to here trailing spaces were quoted
    char quote = 0;
    // Within a word that has begun without a quote, a quote is a character like others: JSON can be
    // written as it is.
    bool may_quote = true;
    while (!text.empty()) {
        const char c = text.front();
        if (quote == 0 && c == '\n') break;
        text.remove_prefix(1);
        if (c == '\\' && quote != '\'' && !text.empty()) {
            const char next = text.front();
            text.remove_prefix(1);
            if (next == '\n') continue;
            // Inside double quotes a backslash escapes only what would mean something there.
            if (quote == '"' && std::string_view("\"\\`$").find(next) == std::string_view::npos)
                value += '\\';
            value += next;
            kept = value.size();
            may_quote = false;
        } else if (quote != 0 && c == quote) {
            quote = 0;
            kept = value.size();
        } else if (quote == 0 && (c == '"' || c == '\'') && may_quote) {
            quote = c;
        } else if (quote != 0 || !is_space(c) || !value.empty()) {
            value += c;
            if (quote != 0 || !is_space(c)) kept = value.size();
            if (quote == 0 && !is_space(c)) may_quote = false;
        }
    }
    value.resize(kept);
    return value;
}

} // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
    auto marked = split_marked_words(text);
    if (!marked) return fail(std::move(marked.error()));
    std::vector<std::string> words;
    words.reserve(marked->size());
    for (Word& word : *marked)
        words.push_back(std::move(word.text));
    return words;
}

Result<std::vector<Word>> split_marked_words(std::string_view text) {
    std::vector<Word> words;
    skip_spaces(text);
    while (!text.empty()) {
        auto word = take_word(text);
        if (!word) return fail(Errc::invalid_input, "a quote is not closed");
        words.push_back(std::move(*word));
        skip_spaces(text);
    }
    return words;
}

Result<std::string> resolve_specifiers(std::string_view text, std::string_view unit) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        const char specifier = ++i < text.size() ? text[i] : ' ';
        if (specifier == '%')
            result += '%';
        else if (specifier == 'n')
            result += unit;
        else if (specifier == 'i')
            result += instance_of(unit);
        else
            return fail(Errc::invalid_input,
                        "the specifier %{} is not one of %n, %i and %%, which a lab host has",
                        specifier);
    }
    return result;
}

std::string quoted_word(std::string_view word) {
    std::string result = "\"";
    for (const char c : word) {
        if (c == '"' || c == '\\')
            result += {'\\', c};
        else if (c == '%')
            result += "%%";
        else if (static_cast<unsigned char>(c) < 0x20)
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            result += c;
    }
    return result + '"';
}

std::vector<std::string> expand_variables(const std::vector<std::string>& words,
                                          const Environment& environment) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (i == 0) {
            result.push_back(word);
        } else if (word.size() > 1 && word.front() == '$' && is_name(word.substr(1))) {
            auto parts = split_words(value_of(environment, word.substr(1)));
            if (!parts) parts = std::vector<std::string>{value_of(environment, word.substr(1))};
            result.insert(result.end(), parts->begin(), parts->end());
        } else {
            result.push_back(replaced(word, environment));
        }
    }
    return result;
}

bool assign(Environment& environment, std::string_view assignment) {
    const auto equals = assignment.find('=');
    if (equals == std::string_view::npos || !is_name(assignment.substr(0, equals))) return false;
    environment.insert_or_assign(std::string(assignment.substr(0, equals)),
                                 std::string(assignment.substr(equals + 1)));
    return true;
}

Environment parse_environment_file(std::string_view text) {
    Environment environment;
    while (!text.empty()) {
        skip_spaces(text);
        if (text.empty()) break;
        const auto end = text.find('\n');
        const auto equals = text.find('=');
        const bool is_comment = text.front() == '#' || text.front() == ';';
        if (is_comment || equals == std::string_view::npos || equals > end) {
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            continue;
        }
        const std::string name(trimmed(text.substr(0, equals)));
        text.remove_prefix(equals + 1);
        std::string value = take_value(text);
        if (is_name(name)) environment.insert_or_assign(name, std::move(value));
    }
    return environment;
}

} // namespace squall::labhost::init
