#include "redact/spans.h"

#include <algorithm>
#include <array>
#include <optional>

namespace squall::doctor {
namespace {

// The characters of base64, by kind; changes from one kind to another tell random text from words.
enum class Kind : unsigned char { none, upper, lower, digit, sign };

constexpr std::array<Kind, 256> make_kinds() {
    std::array<Kind, 256> kinds{};
    for (unsigned c = 'A'; c <= 'Z'; ++c)
        kinds[c] = Kind::upper;
    for (unsigned c = 'a'; c <= 'z'; ++c)
        kinds[c] = Kind::lower;
    for (unsigned c = '0'; c <= '9'; ++c)
        kinds[c] = Kind::digit;
    kinds['+'] = kinds['/'] = Kind::sign;
    return kinds;
}

constexpr auto kinds = make_kinds();

Kind kind_of(char c) { return kinds[static_cast<unsigned char>(c)]; }

// What has been counted of a run of such characters.
struct Tally {
    std::size_t length = 0;
    std::size_t changes = 0;
    bool has_upper = false;
    bool has_lower = false;
    bool has_other = false;
    Kind last = Kind::none;

    void add(Kind kind) {
        ++length;
        changes += kind != last ? 1 : 0;
        has_upper |= kind == Kind::upper;
        has_lower |= kind == Kind::lower;
        has_other |= kind == Kind::digit || kind == Kind::sign;
        last = kind;
    }

    // Random base64 changes its kind at 64 of 100 characters, words in CamelCase and paths at 33
    // and fewer. An AWS secret key has 40 characters: what is asked of these leaves one key in ten
    // thousand. What is as long as a piece of a key may be and not 40 has to look more random.
    [[nodiscard]] bool looks_random() const {
        constexpr std::size_t secret_key_length = 40;
        constexpr std::size_t piece_min = 30;
        if (!has_upper || !has_lower || length < piece_min) return false;
        if (length == secret_key_length) return changes >= (has_other ? 13 : 18);
        // Longer: a token, or a key in base64 once more, which is less random.
        const std::size_t percent = length < secret_key_length ? 45 : has_other ? 31 : 38;
        return changes * 100 >= length * percent;
    }
};

// Nothing random has this between two slashes: a container's id, a folder.
bool is_word_of_path(std::string_view part) {
    const auto is_hex = [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'f');
    };
    if (part.size() >= 8 && std::all_of(part.begin(), part.end(), is_hex)) return true;
    return part.size() >= 4 && std::all_of(part.begin(), part.end(), is_lower);
}

// The run again, without the words of a path that it may be. Runs this long are few.
bool is_random_between_slashes(std::string_view run) {
    Tally tally;
    for (std::size_t at = 0; at <= run.size();) {
        const std::size_t slash = std::min(run.find('/', at), run.size());
        const std::string_view part = run.substr(at, slash - at);
        if (is_word_of_path(part)) {
            if (tally.looks_random()) return true;
            tally = {};
        } else {
            if (at > 0) tally.add(Kind::sign);
            for (const char c : part)
                if (kind_of(c) != Kind::none) tally.add(kind_of(c));
        }
        at = slash + 1;
    }
    return tally.looks_random();
}

// Access key ids, for good and for a session. (AIDA and AROA are ids of users and roles: no
// secret.)
void find_key_ids(std::string_view text, Span run, Spans& spans) {
    constexpr std::array<std::string_view, 4> prefixes{"AKIA", "ASIA", "ABIA", "ACCA"};
    const std::string_view word = text.substr(run.begin, run.end - run.begin);
    if (word.size() < 16 && run.end < text.size()) return;
    for (std::size_t at = word.find('A'); at != std::string_view::npos;
         at = word.find('A', at + 1)) {
        if (std::find(prefixes.begin(), prefixes.end(), word.substr(at, 4)) == prefixes.end())
            continue;
        std::size_t end = at + 4;
        while (end < word.size() && (is_upper(word[end]) || is_digit(word[end])))
            ++end;
        // At the end of a text that was cut, a part of one.
        const std::size_t length_min = run.begin + end == text.size() ? 8 : 16;
        if (end - at < length_min) continue;
        spans.push_back({run.begin + at, run.begin + end});
        at = end - 1;
    }
}

bool is_of_token(char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '~';
}

// Tokens that say what they are: JSON web tokens, and those of registries and code hosts.
std::optional<std::size_t> end_of_token(std::string_view text, Span run) {
    constexpr std::array<std::string_view, 16> prefixes{"ghp_",
                                                        "gho_",
                                                        "ghs_",
                                                        "ghu_",
                                                        "ghr_",
                                                        "github_pat_",
                                                        "dckr_pat_",
                                                        "dckr_oat_",
                                                        "glpat-",
                                                        "xoxb-",
                                                        "xoxp-",
                                                        "npm_",
                                                        "sk_live_",
                                                        "sk_test_",
                                                        "rk_live_",
                                                        "rk_test_"};
    // Nearly every word is none, and says so with the character behind it.
    const char next = run.end < text.size() ? text[run.end] : ' ';
    if (next != '_' && next != '-' && next != '.') return {};
    const std::string_view rest = text.substr(run.begin);
    const bool is_web_token =
        run.end - run.begin >= 10 && rest.substr(0, 3) == "eyJ" && next == '.';
    const bool has_prefix = std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) {
        return rest.substr(0, prefix.size()) == prefix;
    });
    if (!is_web_token && !has_prefix) return {};
    std::size_t end = run.begin;
    while (end < text.size() && is_of_token(text[end]))
        ++end;
    constexpr std::size_t token_min = 16;
    if (end - run.begin < token_min) return {};
    return end;
}

std::size_t after_padding(std::string_view text, std::size_t at) {
    for (int signs = 0; signs < 2 && at < text.size(); ++signs) {
        if (text[at] == '=')
            ++at;
        else if (text.substr(at, 3) == "%3D" || text.substr(at, 3) == "%3d")
            at += 3;
    }
    return at;
}

// `\/` of JSON, and %2F and %2B of a URL: where the character ends that they stand for. Else `at`.
std::size_t after_escaped_sign(std::string_view text, std::size_t at) {
    if (text[at] == '%') {
        const std::string_view digits = text.substr(at + 1, 2);
        const bool is_sign = digits == "2F" || digits == "2f" || digits == "2B" || digits == "2b";
        return is_sign ? at + 3 : at;
    }
    std::size_t end = at;
    while (end < text.size() && text[end] == '\\')
        ++end;
    return end > at && end < text.size() && text[end] == '/' ? end + 1 : at;
}

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
    });
}

// The letter of an escape belongs to no run: "\nAKIA…", "%22AKIA…", "\u0022…". At least one on.
std::size_t after_escape(std::string_view text, std::size_t at) {
    if (text[at] == '%') {
        const std::string_view digits = text.substr(at + 1, 2);
        return digits.size() == 2 && is_hex(digits) ? at + 3 : at + 1;
    }
    while (at < text.size() && text[at] == '\\')
        ++at;
    if (at == text.size()) return at;
    const std::string_view code = text.substr(at + 1, 4);
    if (text[at] == 'u' && code.size() == 4 && is_hex(code)) return at + 5;
    constexpr std::string_view escapes = "nrtbfv";
    return escapes.find(text[at]) != std::string_view::npos ? at + 1 : at;
}

bool may_be_in_key(char c) {
    return kind_of(c) != Kind::none || c == '=' || c == '\\' || c == '\r';
}

// Where the lines of a key end that was cut: before the first one that is none of base64.
std::size_t end_of_cut_key(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        std::size_t end = at;
        while (end < text.size() && may_be_in_key(text[end]))
            ++end;
        if (end < text.size() && text[end] != '\n') return text[at - 1] == '\n' ? at : end;
        at = std::min(end + 1, text.size());
    }
    return at;
}

} // namespace

void find_keys(std::string_view text, Spans& spans) {
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (kind_of(c) == Kind::none) {
            at = c == '\\' || c == '%' ? after_escape(text, at) : at + 1;
            continue;
        }
        Span run{at, at};
        Tally tally;
        while (run.end < text.size()) {
            if (const Kind kind = kind_of(text[run.end]); kind != Kind::none) {
                tally.add(kind);
                ++run.end;
                continue;
            }
            const bool may_escape = text[run.end] == '\\' || text[run.end] == '%';
            const std::size_t next = may_escape ? after_escaped_sign(text, run.end) : run.end;
            if (next == run.end) break;
            tally.add(Kind::sign);
            run.end = next;
        }
        if (const auto end = end_of_token(text, run)) {
            spans.push_back({run.begin, *end});
            at = *end;
            continue;
        }
        if (tally.looks_random()
            && is_random_between_slashes(text.substr(run.begin, run.end - run.begin)))
            spans.push_back({run.begin, after_padding(text, run.end)});
        else if (tally.has_upper)
            find_key_ids(text, run, spans);
        at = run.end;
    }
}

void find_private_keys(std::string_view text, Spans& spans) {
    constexpr std::string_view dashes = "-----";
    constexpr std::string_view begin_mark = "-----BEGIN ";
    constexpr std::string_view end_mark = "-----END ";
    constexpr std::size_t label_max = 64;
    constexpr std::size_t key_max = std::size_t{16} << 10U;
    std::size_t end = 0; // of the first end mark behind the key; looked for once for each
    for (std::size_t begin = text.find(begin_mark); begin != std::string_view::npos;
         begin = text.find(begin_mark, begin)) {
        const std::string_view label = text.substr(begin + begin_mark.size(), label_max);
        const std::size_t label_size = std::min(label.find(dashes), label.size());
        const std::size_t body = begin + begin_mark.size() + label_size;
        if (label.substr(0, label_size).find("PRIVATE KEY") == std::string_view::npos) {
            begin = body;
            continue;
        }
        if (end < body) end = std::min(text.find(end_mark, body), text.size());
        std::size_t stop = end;
        if (end == text.size() || end - begin > key_max) {
            // The key was cut: what follows may be another line of a log.
            stop = end_of_cut_key(text, std::min(body + dashes.size(), text.size()));
        } else {
            const std::size_t close = text.substr(end + end_mark.size(), label_max).find(dashes);
            stop += end_mark.size();
            if (close != std::string_view::npos) stop += close + dashes.size();
        }
        spans.push_back({begin, stop});
        begin = stop;
    }
}

} // namespace squall::doctor
