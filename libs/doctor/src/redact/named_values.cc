#include "redact/names.h"
#include "redact/spans.h"
#include "redact/values.h"

#include <algorithm>
#include <utility>

namespace squall::doctor {
namespace {

bool is_of_name(char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; }

// One name, and what joins it to its value.
struct Meeting {
    enum class By { nothing, equals, colon, tag, option, is };

    Span name;
    By by = By::nothing;
    Quote opened;           // the quote before the name
    bool is_closed = false; // and one behind it: a member of JSON, not a setting inside a string
    bool has_blank = false; // behind a colon, before an equals sign
    std::size_t value = 0;
};

std::size_t after_blanks(std::string_view text, std::size_t at) {
    while (at < text.size() && is_blank(text[at]))
        ++at;
    return at;
}

// The second word of an order, which may be a string in a list: `--password x`, ["--password",
// "x"],
// --password NUL x.
std::size_t value_of_option(std::string_view text, const Meeting& meeting, std::size_t at) {
    if (at >= text.size()) return 0;
    if (!meeting.is_closed) {
        if (text[at] == '\0') return at + 1;
        return is_blank(text[at]) ? after_blanks(text, at) : 0;
    }
    if (text[at] != ',') return 0;
    ++at;
    while (at < text.size() && is_space(text[at]))
        ++at;
    return at;
}

bool says_is(std::string_view text, std::size_t at) {
    return text.substr(at, 3) == "is " || text.substr(at, 4) == "was ";
}

// "hunter2 is wrong": no word of a sentence, of which that is said.
bool is_said_to_be(std::string_view text, std::size_t at) {
    const std::size_t end = end_of_word(text, at);
    const std::string_view word = text.substr(at, end - at);
    const std::size_t verb = after_blanks(text, end);
    if (verb == end || !says_is(text, verb) || std::all_of(word.begin(), word.end(), is_letter))
        return false;
    const std::size_t said = after_blanks(text, text.find(' ', verb));
    return is_said_of_passwords(text.substr(said, end_of_word(text, said) - said));
}

Meeting meeting_at(std::string_view text, std::size_t begin, std::size_t end) {
    Meeting meeting{{begin, end}};
    std::size_t at = end;
    if (at == text.size()) return meeting;
    const char next = text[at];
    // Most words are followed by something else.
    if (!is_blank(next) && next != '=' && next != ':' && next != '\\' && next != '%' && next != '>'
        && next != '\0' && next != ']' && !is_quote(next))
        return meeting;
    meeting.opened = quote_before(text, begin);
    if (const Quote close = quote_at(text, at); close.sign != 0) {
        meeting.is_closed = true;
        at += close.depth + 1;
    }
    if (at < text.size() && text[at] == ']') ++at; // ["password"] = …
    const std::size_t sign = after_blanks(text, at);
    const char c = sign < text.size() ? text[sign] : '\n';
    if (c == '=' || text.substr(sign, 3) == "%3D" || text.substr(sign, 3) == "%3d") {
        meeting.by = Meeting::By::equals;
        meeting.has_blank = sign > at;
        meeting.value = sign + (c == '=' ? 1 : 3);
        if (meeting.value < text.size() && text[meeting.value] == '>') ++meeting.value; // Ruby's =>
        if (meeting.has_blank) meeting.value = after_blanks(text, meeting.value);
    } else if (c == ':') {
        meeting.by = Meeting::By::colon;
        meeting.value = after_blanks(text, sign + 1);
        meeting.has_blank = meeting.value > sign + 1;
    } else if (next == '>' && begin > 0 && text[begin - 1] == '<') {
        meeting.by = Meeting::By::tag;
        meeting.value = end + 1;
    } else if (text[begin] == '-') {
        meeting.value = value_of_option(text, meeting, at);
        if (meeting.value > 0) meeting.by = Meeting::By::option;
    } else if (sign > at && says_is(text, sign)) {
        meeting.by = Meeting::By::is;
        meeting.value = after_blanks(text, text.find(' ', sign));
    } else if (sign > at && is_said_to_be(text, sign)) {
        meeting.by = Meeting::By::is;
        meeting.value = sign;
    }
    return meeting;
}

class NamedValues {
public:
    NamedValues(std::string_view text, Spans& spans) : text_(text), spans_(spans) {}

    void find();

private:
    [[nodiscard]] std::string_view name_of(const Meeting& meeting) const {
        return text_.substr(meeting.name.begin, meeting.name.end - meeting.name.begin);
    }

    [[nodiscard]] NameKind kind_of(const Meeting& meeting);
    [[nodiscard]] bool is_sentence(const Meeting& meeting, NameKind kind) const;
    [[nodiscard]] bool begins_line(std::size_t at) const;
    [[nodiscard]] NameKind kind_of_option(const Meeting& meeting) const;
    [[nodiscard]] bool is_of_registration(const Meeting& meeting) const;
    [[nodiscard]] bool is_signature(const Meeting& meeting) const;
    [[nodiscard]] std::size_t take(const Meeting& meeting, NameKind kind);
    [[nodiscard]] std::size_t
    end_of_unquoted(const Meeting& meeting, NameKind kind, std::size_t at) const;
    std::size_t add(std::size_t begin, std::size_t end);
    std::size_t add_quoted(std::size_t begin, Quote quote);

    std::string_view text_;
    Spans& spans_;
    std::size_t line_ = 0;          // where this line begins
    std::size_t object_end_ = 0;    // of the last {…} that was taken out whole
    bool next_value_is_it_ = false; // {"name": "DB_PASSWORD", "value": …
};

std::size_t NamedValues::add(std::size_t begin, std::size_t end) {
    const std::string_view value = text_.substr(begin, end - begin);
    if (!value.empty() && value != redaction_mark && !is_harmless_value(value))
        spans_.push_back({begin, end});
    return end;
}

std::size_t NamedValues::add_quoted(std::size_t begin, Quote quote) {
    const std::size_t end = add(begin, end_of_quoted(text_, begin, quote));
    const std::size_t close = end + quote.depth;
    // Where the line ended in its place, there is none.
    const bool is_closed =
        close < text_.size() && !is_line_end(text_[end]) && text_[close] == quote.sign;
    if (!is_closed || !goes_on_behind(text_, close)) return end;
    return add(close + 1, end_of_word(text_, close + 1));
}

bool NamedValues::begins_line(std::size_t at) const {
    constexpr std::size_t words_max = 32;
    if (at - line_ > words_max) return false;
    std::string_view before = text_.substr(line_, at - line_);
    while (!before.empty() && is_blank(before.front()))
        before.remove_prefix(1);
    while (!before.empty() && is_blank(before.back()))
        before.remove_suffix(1);
    return before.empty() || before == "export" || before == "set" || before == "-";
}

// `curl -u user:password`, `docker login -p password`.
NameKind NamedValues::kind_of_option(const Meeting& meeting) const {
    const std::string_view name = name_of(meeting);
    const std::size_t end = end_of_word(text_, meeting.value);
    const std::string_view value = text_.substr(meeting.value, end - meeting.value);
    const bool has_letter = std::any_of(value.begin(), value.end(), is_letter);
    if (name == "-u" || name == "--user" || name == "--proxy-user")
        return has_letter && value.find(':') != std::string_view::npos ? NameKind::secret
                                                                       : NameKind::plain;
    if (name != "-p" && name != "-a") return NameKind::plain;
    constexpr std::size_t words_max = 256;
    const std::size_t from =
        std::max(line_, meeting.name.begin - std::min(meeting.name.begin, words_max));
    const std::string_view before = text_.substr(from, meeting.name.begin - from);
    const auto is_behind = [&](std::string_view program) {
        return before.find(program) != std::string_view::npos;
    };
    const bool is_secret =
        name == "-a" ? is_behind("redis-cli") : is_behind("login") || is_behind("sshpass");
    return is_secret ? NameKind::secret : NameKind::plain;
}

// `amazon-ssm-agent -register -code CODE`: nobody else's code is a secret.
bool NamedValues::is_of_registration(const Meeting& meeting) const {
    const std::string_view name = name_of(meeting);
    if (name != "-code" && name != "--code") return false;
    constexpr std::size_t words_max = 256;
    // The words of a list may be on lines of their own.
    const std::size_t line = meeting.is_closed ? 0 : line_;
    const std::size_t from =
        std::max(line, meeting.name.begin - std::min(meeting.name.begin, words_max));
    const std::string_view before = text_.substr(from, meeting.name.begin - from);
    const std::size_t program = before.rfind("ssm-agent");
    if (program == std::string_view::npos) return false;
    return before.find("register", program) != std::string_view::npos
           || text_.substr(meeting.value, words_max).find("register") != std::string_view::npos;
}

// `sig=` in a query: of Azure's shared access. Alone it is the number of a signal.
bool NamedValues::is_signature(const Meeting& meeting) const {
    if (meeting.by != Meeting::By::equals) return false;
    const std::string_view name = name_of(meeting);
    // Behind \u0026 and %26, which are parts of a word here.
    if (name == "u0026sig" || name == "26sig" || name == "3Fsig" || name == "3fsig") return true;
    if (name != "sig") return false;
    const char before = meeting.name.begin > 0 ? text_[meeting.name.begin - 1] : ' ';
    constexpr std::size_t signature_min = 20;
    return before == '?' || before == '&' || before == ';'
           || end_of_word(text_, meeting.value) - meeting.value >= signature_min;
}

NameKind NamedValues::kind_of(const Meeting& meeting) {
    const std::string_view name = name_of(meeting);
    NameKind kind = kind_of_name(name);
    if (is_of_registration(meeting) || is_signature(meeting)) return NameKind::secret;
    const bool is_assigned = meeting.by == Meeting::By::equals
                             || (meeting.by == Meeting::By::colon
                                 && (meeting.is_closed || begins_line(meeting.name.begin)));
    if (is_assigned && is_key_of_environment(name)) return NameKind::secret;
    // As a parameter of a query it is a word.
    if (kind == NameKind::header && meeting.by != Meeting::By::colon) kind = NameKind::secret;
    if (meeting.by == Meeting::By::option && kind == NameKind::plain)
        return kind_of_option(meeting);
    if (meeting.by != Meeting::By::colon || !meeting.is_closed) return kind;
    // Lists of settings as AWS and others write them: the name is itself a value.
    if (name == "name" || name == "Name" || name == "key" || name == "Key") {
        if (const Quote quote = quote_at(text_, meeting.value); quote.sign != 0) {
            const std::size_t begin = meeting.value + quote.depth + 1;
            const std::size_t end = end_of_quoted(text_, begin, quote);
            const std::string_view named = text_.substr(begin, end - begin);
            next_value_is_it_ =
                kind_of_name(named) != NameKind::plain || is_key_of_environment(named);
        }
        return NameKind::plain;
    }
    if ((name == "value" || name == "Value") && std::exchange(next_value_is_it_, false))
        return NameKind::secret;
    return kind;
}

// "token: connection refused" and "ExpiredToken: The provided token has expired" name no secret.
bool NamedValues::is_sentence(const Meeting& meeting, NameKind kind) const {
    // "the password is hunter2", and not "the password is required".
    if (meeting.by == Meeting::By::is) {
        const std::size_t end = end_of_word(text_, meeting.value);
        return kind != NameKind::password
               || is_said_of_passwords(text_.substr(meeting.value, end - meeting.value));
    }
    if (meeting.by != Meeting::By::colon) return false;
    const char before = meeting.name.begin > 0 ? text_[meeting.name.begin - 1] : '\n';
    // …/latest/api/token": dial tcp …
    if (before == '/') return true;
    if (meeting.is_closed || kind == NameKind::header) return false;
    // arn:aws:secretsmanager:us-east-1:123456789012:secret:name
    if (before == ':' && !meeting.has_blank) return true;
    if (is_error_code(name_of(meeting))) return true;
    if (!meeting.has_blank || kind != NameKind::secret || is_marked(text_, meeting.value))
        return false;
    std::size_t end = meeting.value;
    while (end < text_.size() && !is_space(text_[end]))
        ++end;
    const std::string_view word = text_.substr(meeting.value, end - meeting.value);
    if (word.size() > 1 && word.ends_with(':')) return true;
    const bool goes_on =
        end + 1 < text_.size() && is_blank(text_[end]) && !is_space(text_[end + 1]);
    return goes_on && std::all_of(word.begin(), word.end(), is_letter);
}

std::size_t
NamedValues::end_of_unquoted(const Meeting& meeting, NameKind kind, std::size_t at) const {
    const bool is_setting = meeting.by == Meeting::By::equals && !meeting.is_closed;
    if (meeting.by == Meeting::By::tag)
        return std::min(text_.find('<', at), end_of_line(text_, at));
    // A line of a settings file, blanks and all.
    if (is_setting && begins_line(meeting.name.begin)) return end_of_line(text_, at);
    if (kind == NameKind::document || text_.substr(at, 7) == "Digest ")
        return end_of_line(text_, at);
    const bool has_blanks =
        meeting.by == Meeting::By::colon && meeting.has_blank && !meeting.is_closed;
    if (kind == NameKind::header || (kind == NameKind::password && has_blanks))
        return end_of_words(text_, at);
    return end_of_word(text_, at);
}

// Takes the value out; gives where to go on.
std::size_t NamedValues::take(const Meeting& meeting, NameKind kind) {
    const std::size_t value = meeting.value;
    if (value >= text_.size()) return text_.size();
    // In a string that holds a whole setting ("NAME=value", 'Header: value'), the value is the
    // rest.
    const bool is_in_string = meeting.opened.sign != 0 && !meeting.is_closed
                              && (meeting.by == Meeting::By::equals || kind == NameKind::header);
    if (is_in_string) return add_quoted(value, meeting.opened);
    if (const Quote quote = quote_at(text_, value); quote.sign != 0)
        return add_quoted(value + quote.depth + 1, quote);
    const bool is_mark = is_marked(text_, value);
    if (text_[value] == '[' && !is_mark) {
        std::size_t end = value + 1;
        for (const Span& item : items_of_list(text_, value))
            end = add(item.begin, item.end);
        return end;
    }
    if (text_[value] == '{' && kind != NameKind::document) {
        // What is in it is looked at too: it may end later than it seems.
        if (value >= object_end_) object_end_ = add(value, end_of_object(text_, value));
        return value + 1;
    }
    if (meeting.by == Meeting::By::option && text_[value] == '-') return value;
    if (is_mark && meeting.by != Meeting::By::tag)
        return add(value, end_of_word(text_, value + redaction_mark.size()));
    return add(value, end_of_unquoted(meeting, kind, value));
}

void NamedValues::find() {
    for (std::size_t at = 0; at < text_.size();) {
        const char c = text_[at];
        if (!is_of_name(c)) {
            if (is_line_end(c)) line_ = at + 1;
            if (c == '}') next_value_is_it_ = false;
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text_.size() && is_of_name(text_[end]))
            ++end;
        const Meeting meeting = meeting_at(text_, at, end);
        at = end;
        if (meeting.by == Meeting::By::nothing) continue;
        const NameKind kind = kind_of(meeting);
        if (kind == NameKind::plain || is_sentence(meeting, kind)) continue;
        at = std::max(at, take(meeting, kind));
    }
}

} // namespace

void find_named_values(std::string_view text, Spans& spans) { NamedValues(text, spans).find(); }

} // namespace squall::doctor
