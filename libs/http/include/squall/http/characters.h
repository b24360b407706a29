// What may stand where in an HTTP message (RFC 9110, 5.5 and 5.6).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace squall::http {

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

namespace characters {

enum : unsigned char { in_token = 1, in_value = 2, in_target = 4 };

[[nodiscard]] constexpr std::array<unsigned char, 256> make_table() {
    std::array<unsigned char, 256> table{};
    for (std::size_t c = 0x21; c < 256; ++c) {
        if (c != 0x7f) table[c] = in_value | in_target;
    }
    table[' '] = table['\t'] = in_value;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        table[static_cast<unsigned char>(c)] |= in_token;
    return table;
}

inline constexpr std::array<unsigned char, 256> table = make_table();

[[nodiscard]] inline bool all_are(std::string_view text, unsigned char what) {
    return std::all_of(text.begin(), text.end(), [what](char c) {
        return (table[static_cast<unsigned char>(c)] & what) != 0;
    });
}

} // namespace characters

[[nodiscard]] inline bool is_token(std::string_view text) {
    return !text.empty() && characters::all_are(text, characters::in_token);
}

// Bytes above 127 are let through, as everybody does.
[[nodiscard]] inline bool is_field_value(std::string_view text) {
    return characters::all_are(text, characters::in_value);
}

[[nodiscard]] inline bool is_visible(std::string_view text) {
    return characters::all_are(text, characters::in_target);
}

[[nodiscard]] inline std::string_view trimmed_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

} // namespace squall::http
