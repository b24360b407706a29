// How much of a script's output the SSM agent keeps, and how it says that there was more.
#pragma once

#include <string>
#include <string_view>

namespace squall::labhost {

inline constexpr std::size_t standard_output_max = 24'000;
inline constexpr std::size_t standard_error_max = 8'000;
inline constexpr std::size_t combined_output_max = 2'500;

// The text, cut so that with its suffix it is no longer than `limit`.
[[nodiscard]] std::string truncated(std::string_view text, std::size_t limit);
// Both streams in one, as ListCommandInvocations shows them.
[[nodiscard]] std::string combined_output(std::string_view standard_output,
                                          std::string_view standard_error);

} // namespace squall::labhost
