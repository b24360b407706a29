// Bodies that travel compressed (Content-Encoding: gzip, RFC 1952).
#pragma once

#include "squall/base/result.h"

#include <string>
#include <string_view>

namespace squall::wire {

[[nodiscard]] std::string gzip(std::string_view text);

// Of one member, as HTTP has it. More than `size_max` bytes of text, a body that breaks off and
// bytes behind it are errors.
[[nodiscard]] Result<std::string> gunzip(std::string_view compressed, std::size_t size_max);

} // namespace squall::wire
