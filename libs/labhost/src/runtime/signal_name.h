// Signals by the names and numbers that Docker's API takes. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace squall::labhost::runtime {

// "SIGTERM", "term", "15", "RTMIN+3"; nothing for what is no signal.
[[nodiscard]] std::optional<int> parse_signal(std::string_view text);

} // namespace squall::labhost::runtime
