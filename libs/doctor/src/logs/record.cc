#include "logs/record.h"

#include "logs/log_time.h"
#include "logs/wrapping.h"
#include "squall/base/text.h"

namespace squall::doctor {
namespace {

// Go's %q, and what JSON writes: undone in place of being parsed, because keys come in any order
// and values are not always quoted.
std::string unquoted(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t plain = std::min(text.find('\\', i), text.size());
        out.append(text, i, plain - i);
        i = plain;
        if (i + 1 >= text.size()) {
            out.append(text, i);
            break;
        }
        const char next = text[++i];
        switch (next) {
        case '"':
        case '\\':
        case '/':
            out.push_back(next);
            break;
        case 'n':
        case 't':
        case 'r':
            out.push_back(' ');
            break;
        case 'u':
            // "->" is written so by encoders that fear HTML.
            if (text.substr(i, 5) == "u003e") {
                out.push_back('>');
                i += 4;
            } else if (text.substr(i, 5) == "u003c") {
                out.push_back('<');
                i += 4;
            } else if (text.substr(i, 5) == "u0026") {
                out.push_back('&');
                i += 4;
            } else {
                out += "\\u";
            }
            break;
        default:
            out.push_back('\\');
            out.push_back(next);
        }
    }
    return out;
}

// The value of a key of logfmt at the front or behind a blank; a quoted one without its quotes.
std::string_view value_of(std::string_view text, std::string_view key) {
    for (std::size_t from = 0;;) {
        const auto at = text.find(key, from);
        if (at == std::string_view::npos) return {};
        from = at + 1;
        if (at != 0 && text[at - 1] != ' ') continue;
        std::string_view value = text.substr(at + key.size());
        if (value.starts_with('"')) {
            value.remove_prefix(1);
            return value.substr(0, value.find('"'));
        }
        return value.substr(0, value.find(' '));
    }
}

// `2018-08-09T19:09:06Z [ERROR] …`, and the plain form of Go's own log.
void read_old_prefix(Record& record, WallTime now) {
    std::string_view rest = record.text;
    auto when = take_time(rest);
    if (!when) when = take_syslog_time(rest, now);
    if (when) record.when = when;
    rest = trimmed(rest);
    if (!rest.starts_with('[')) return;
    record.level = level_named(rest.substr(1, rest.find(']') - 1));
    // Others write [error]; agents never did.
    const bool is_upper = rest.size() > 1 && rest[1] >= 'A' && rest[1] <= 'Z';
    record.has_agents_form = record.level != Level::none && is_upper;
}

void read_logfmt(Record& record, WallTime now) {
    record.level = level_named(value_of(record.text, "level="));
    // dockerd and containerd put the time first, and others have a time of another name.
    record.has_agents_form =
        record.text.starts_with("level=") && !value_of(record.text, "time=").empty();
    std::string_view when = value_of(record.text, "time=");
    if (when.find('T') == std::string_view::npos) {
        // "time=2026-06-30 17:02:14 …" has a blank inside.
        const auto at = record.text.find("time=");
        if (at != std::string::npos) when = std::string_view(record.text).substr(at + 5);
    }
    if (const auto at = take_time(when))
        record.when = at;
    else if (const auto day = take_syslog_time(when, now))
        record.when = day;
}

// U+0080 to U+009F, and what turns the direction of writing: U+202A to U+202E, U+2066 to U+2069.
bool is_unseen_control(std::string_view character) {
    const auto has_last = [&](unsigned char first, unsigned char last) {
        const auto c = static_cast<unsigned char>(character.back());
        return c >= first && c <= last;
    };
    if (character.size() == 2) return character[0] == '\xc2' && has_last(0x80, 0x9f);
    return (character.starts_with("\xe2\x80") && has_last(0xaa, 0xae))
           || (character.starts_with("\xe2\x81") && has_last(0xa6, 0xa9));
}

// Of valid text: what is left is valid, and none of them is made by what is taken out.
std::string without_unseen_controls(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto first = static_cast<unsigned char>(text[at]);
        const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        const std::string_view character = text.substr(at, size);
        if (size == 1 || !is_unseen_control(character)) out += character;
        at += size;
    }
    return out;
}

} // namespace

Level level_named(std::string_view name) {
    if (equal_ignoring_case(name, "debug") || equal_ignoring_case(name, "trace"))
        return Level::debug;
    if (equal_ignoring_case(name, "info")) return Level::info;
    if (equal_ignoring_case(name, "warn") || equal_ignoring_case(name, "warning"))
        return Level::warn;
    if (equal_ignoring_case(name, "error")) return Level::error;
    if (equal_ignoring_case(name, "critical") || equal_ignoring_case(name, "fatal")
        || equal_ignoring_case(name, "panic"))
        return Level::critical;
    return Level::none;
}

Record parse_record(std::string_view lines, WallTime now) {
    Record record;
    std::string joined;
    std::string source;
    bool is_first = true;
    while (!lines.empty()) {
        const auto end = std::min(lines.find('\n'), lines.size());
        const Unwrapping line = unwrapped(lines.substr(0, end), now, source);
        lines.remove_prefix(std::min(lines.size(), end + 1));
        if (is_first) {
            record.when = line.when;
            record.kind = line.kind;
            record.writer = line.writer;
            source = line.source;
            joined = line.is_json ? std::string(line.text) : unquoted(line.text);
            is_first = false;
        } else {
            joined += ' ';
            joined += unquoted(trimmed(line.text));
        }
    }
    for (char& c : joined) {
        if (c == '\n' || c == '\r' || c == '\0') c = ' ';
    }
    record.text = std::move(joined);
    if (value_of(record.text, "level=").empty())
        read_old_prefix(record, now);
    else
        read_logfmt(record, now);
    return record;
}

std::string shown(std::string_view lines) {
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto c = static_cast<unsigned char>(lines[i]);
        if (c == 0x1b && i + 1 < lines.size() && lines[i + 1] == '[') {
            i += 2;
            while (i < lines.size() && (lines[i] < '@' || lines[i] > '~'))
                ++i;
        } else if (c == '\n' || c == '\t') {
            out.push_back(c == '\t' ? ' ' : '\n');
        } else if (c >= 0x20 && c != 0x7f) {
            out.push_back(lines[i]);
        }
    }
    while (!out.empty() && (out.back() == '\n' || out.back() == ' '))
        out.pop_back();
    if (!is_valid_utf8(out)) {
        std::string valid;
        for (std::size_t i = 0; i < out.size();) {
            std::size_t length = 1;
            while (length <= 4 && i + length <= out.size()
                   && !is_valid_utf8(std::string_view(out).substr(i, length)))
                ++length;
            if (length > 4 || i + length > out.size()) {
                valid += "?";
                ++i;
            } else {
                valid.append(out, i, length);
                i += length;
            }
        }
        out = std::move(valid);
    }
    return without_unseen_controls(out);
}

std::string cut(std::string text, std::size_t size_max) {
    constexpr std::string_view sign = "…";
    constexpr std::size_t word_max = 40; // a longer one is cut itself
    if (text.size() <= size_max) return text;
    text.resize(size_max - sign.size());
    while (!text.empty() && !is_valid_utf8(text))
        text.pop_back();
    const auto blank = text.find_last_of(" \n");
    if (blank != std::string::npos && text.size() - blank <= word_max) text.resize(blank);
    return text.append(sign);
}

} // namespace squall::doctor
