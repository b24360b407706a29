// What redaction is made of: each finder goes over the text once and says which parts are secrets.
// Finders see the text as it came, so that none depends on what another has taken out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace squall::doctor {

inline constexpr std::string_view redaction_mark = "[redacted]";

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
};

using Spans = std::vector<Span>;

// Keys, tokens and other random text, known by what they look like.
void find_keys(std::string_view text, Spans& spans);
// PEM: -----BEGIN … PRIVATE KEY-----, to its end.
void find_private_keys(std::string_view text, Spans& spans);
// user:password@ of URLs, and where there is no scheme.
void find_user_infos(std::string_view text, Spans& spans);
// The user's part of settings that name a proxy, to the last '@' of the value.
void find_proxy_users(std::string_view text, Spans& spans);
// Values of names that mean a secret.
void find_named_values(std::string_view text, Spans& spans);
// Passwords behind an option's letter.
void find_arguments(std::string_view text, Spans& spans);

// Is this the mark, here?
[[nodiscard]] inline bool is_marked(std::string_view text, std::size_t at) {
    return text.substr(at, redaction_mark.size()) == redaction_mark;
}

[[nodiscard]] inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[nodiscard]] inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

[[nodiscard]] inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

[[nodiscard]] inline bool is_letter(char c) { return is_upper(c) || is_lower(c); }

[[nodiscard]] inline bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }

[[nodiscard]] inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

// NUL ends a setting in /proc/PID/environ.
[[nodiscard]] inline bool is_line_end(char c) { return c == '\n' || c == '\r' || c == '\0'; }

[[nodiscard]] inline bool is_space(char c) { return is_blank(c) || is_line_end(c); }

[[nodiscard]] inline bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

} // namespace squall::doctor
