// Small operations on text that the standard library of C++20 does not have.
#pragma once

#include "squall/base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
// At the first separator only; the second part is empty where there is none.
[[nodiscard]] std::pair<std::string_view, std::string_view> split_once(std::string_view text,
                                                                       char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string
replace_all(std::string text, std::string_view what, std::string_view with);
// The whole text as a decimal integer, or nothing.
[[nodiscard]] std::optional<std::int64_t> to_integer(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);
// One argument for a POSIX shell: '...' with every ' taken care of.
[[nodiscard]] std::string shell_quoted(std::string_view text);
// The candidate that differs from `word` by the fewest edits, if it is close enough to be a typing
// error; else the first that contains it.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

[[nodiscard]] std::string to_hex(std::span<const unsigned char> bytes);
// Nothing else than what to_hex writes: no capitals, no half of a byte.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
[[nodiscard]] std::string sha256_hex(std::string_view data);
[[nodiscard]] std::string to_base64(std::string_view data);
// Nothing else than what to_base64 writes: no blanks, no missing padding.
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

// Random from the kernel; for names and tokens, never for decisions that must be repeatable.
[[nodiscard]] std::string random_hex(std::size_t digits);
[[nodiscard]] std::string random_uuid();

} // namespace squall
