// What another program or server said, for use in a message.
#pragma once

#include <string>
#include <string_view>

namespace squall::aws {

// The first line that is not empty, cut at `size_max` bytes, as ASCII that no terminal obeys.
[[nodiscard]] std::string shown_line(std::string_view text, std::size_t size_max);

} // namespace squall::aws
