// Content-Encoding: gzip, as AWS's newer clients compress the bodies of some requests.
#pragma once

#include "squall/base/result.h"

#include <string>
#include <string_view>

namespace squall::wire {

// What was compressed: one gzip member. invalid_input for what is none, for one that is cut off or
// followed by anything, and for one that holds more than `size_max` bytes: nothing of it beyond
// that is ever in memory.
[[nodiscard]] Result<std::string> inflate_gzip(std::string_view compressed, std::size_t size_max);

} // namespace squall::wire
