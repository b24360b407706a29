// The dates of HTTP headers: "Sat, 21 Nov 2026 02:55:37 GMT" (RFC 9110, section 5.6.7; the two
// forms that it calls obsolete are not read).
#pragma once

#include "squall/base/clock.h"

#include <optional>
#include <string_view>

namespace squall::aws {

[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

} // namespace squall::aws
