// Passwords that a program takes as a part of an option: `mysql -pPASSWORD`, `curl
// -sUuser:PASSWORD`; and keys that it takes behind their name: `aws configure set
// aws_secret_access_key KEY`.
#include "redact/spans.h"
#include "redact/values.h"

#include <algorithm>
#include <array>

namespace squall::doctor {
namespace {

constexpr std::size_t order_max = 256; // how far behind the program its options are looked for

void find_after(std::string_view text, std::size_t program, Spans& spans) {
    constexpr std::string_view option = "-p";
    const std::size_t end = std::min(end_of_line(text, program), program + order_max);
    for (auto at = text.find(option, program); at < end; at = text.find(option, at + 1)) {
        const std::size_t value = at + option.size();
        const bool is_option = is_space(text[at - 1]) || is_quote(text[at - 1]);
        if (!is_option || value >= text.size() || is_space(text[value])) continue;
        const std::size_t value_end = end_of_word(text, value);
        if (value_end > value && !is_marked(text, value)) spans.push_back({value, value_end});
    }
}

void find_settings_of_aws(std::string_view text, Spans& spans) {
    constexpr std::string_view order = "configure set ";
    constexpr std::array<std::string_view, 3> secrets{
        "secret_access_key", "session_token", "access_key_id"};
    for (auto at = text.find(order); at != std::string_view::npos;
         at = text.find(order, at + order.size())) {
        const std::size_t name = at + order.size();
        const std::size_t name_end = end_of_word(text, name);
        const std::string_view called = text.substr(name, name_end - name);
        const bool is_secret =
            std::any_of(secrets.begin(), secrets.end(), [&](std::string_view secret) {
                return called.ends_with(secret);
            });
        if (!is_secret || name_end >= text.size() || !is_blank(text[name_end])) continue;
        std::size_t value = text.find_first_not_of(" \t", name_end);
        if (value == std::string_view::npos || is_line_end(text[value])) continue;
        if (is_quote(text[value])) ++value;
        const std::size_t value_end = end_of_word(text, value);
        if (value_end > value && !is_marked(text, value)) spans.push_back({value, value_end});
    }
}

// Where the value of curl's -u or -U begins, in a word of option letters, or the word's end; npos
// where there is neither letter.
std::size_t behind_user_letter(std::string_view word) {
    constexpr std::string_view takes_the_rest = "AbcCdDeEFHKmoPQrtTwxXyYz";
    if (!word.starts_with('-') || word.starts_with("--")) return std::string_view::npos;
    const std::size_t letter = word.find_first_of("uU");
    const bool is_one =
        letter != std::string_view::npos
        && word.substr(0, letter).find_first_of(takes_the_rest) == std::string_view::npos;
    return is_one ? letter + 1 : std::string_view::npos;
}

// A user without a password is no secret.
void add_user(std::string_view text, std::size_t begin, Spans& spans) {
    const Quote quote = quote_before(text, begin);
    const std::size_t end =
        quote.sign != 0 ? end_of_quoted(text, begin, quote) : end_of_word(text, begin);
    const std::string_view value = text.substr(begin, end - begin);
    const bool has_letter = std::any_of(value.begin(), value.end(), is_letter);
    if (has_letter && value.find(':') != std::string_view::npos && !is_marked(text, begin))
        spans.push_back({begin, end});
}

void find_users_of_curl(std::string_view text, Spans& spans) {
    constexpr std::string_view program = "curl";
    constexpr std::size_t call_max = 2048;
    // What stands between the words of a command, or of a list of them.
    constexpr std::string_view between(" \t\"'`,\0", 7);
    for (auto at = text.find(program); at != std::string_view::npos;
         at = text.find(program, at + program.size())) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        end = std::min({end, text.find(program, at + program.size()), at + call_max});
        std::size_t word = at + program.size();
        while ((word = text.find_first_of(between, word)) < end
               && (word = text.find_first_not_of(between, word)) < end) {
            const std::size_t word_end = std::min(end_of_word(text, word), end);
            const std::size_t letter = behind_user_letter(text.substr(word, word_end - word));
            if (letter == std::string_view::npos) continue;
            std::size_t value = word + letter;
            if (value == word_end) value = text.find_first_not_of(between, word_end);
            if (value < end) add_user(text, value, spans);
        }
    }
}

} // namespace

void find_arguments(std::string_view text, Spans& spans) {
    find_settings_of_aws(text, spans);
    find_users_of_curl(text, spans);
    constexpr std::array<std::string_view, 4> programs{"mysql", "mariadb", "sshpass", "login"};
    for (const std::string_view program : programs) {
        for (auto at = text.find(program); at != std::string_view::npos;
             at = text.find(program, at + program.size()))
            find_after(text, at + program.size(), spans);
    }
}

} // namespace squall::doctor
