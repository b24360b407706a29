// How much of a script's output the SSM agent keeps, and how it says that there was more.
#pragma once

#include <string>
#include <string_view>

namespace squall::labhost {

inline constexpr std::size_t standard_output_max = 24'000;
inline constexpr std::size_t standard_error_max = 8'000;
inline constexpr std::size_t combined_output_max = 2'400; // the API would take 2,500

// The text with U+FFFD in the place of every byte that is no UTF-8: JSON holds nothing else, and a
// script writes what it likes.
[[nodiscard]] std::string valid_text(std::string_view text);
// The text, cut so that with its suffix it is no longer than `limit`. One that reaches the limit is
// cut, as the real agent cuts it: it looks no further.
[[nodiscard]] std::string truncated(std::string_view text, std::size_t limit);
// Both streams in one, as ListCommandInvocations shows them.
[[nodiscard]] std::string combined_output(std::string_view standard_output,
                                          std::string_view standard_error);

} // namespace squall::labhost
