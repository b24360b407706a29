// Where the lines of a text are.
#pragma once

#include <cstdint>
#include <string_view>

namespace squall::doctor {

[[nodiscard]] std::uint64_t count_lines(std::string_view text);
[[nodiscard]] std::size_t line_begin(std::string_view text, std::size_t at);
// Behind its line end.
[[nodiscard]] std::size_t line_end(std::string_view text, std::size_t at);
// Without its line end.
[[nodiscard]] std::string_view line_at(std::string_view text, std::size_t begin);

} // namespace squall::doctor
