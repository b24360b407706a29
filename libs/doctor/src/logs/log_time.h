// Times as logs write them.
#pragma once

#include "squall/base/clock.h"

#include <optional>
#include <string_view>

namespace squall::doctor {

// Takes a time from the front of `text` and moves past it; nothing, and `text` as it was, where
// there is none. RFC 3339 with any fraction, with a blank in place of the T, with slashes in place
// of the dashes, with Z, an offset, " UTC" or nothing (meant as UTC) behind; or seconds or
// milliseconds since 1970.
[[nodiscard]] std::optional<WallTime> take_time(std::string_view& text);

// "Jun 30 17:02:11", as syslog writes it: of the year that puts it closest before `now` (a day
// ahead is still this year's: clocks differ).
[[nodiscard]] std::optional<WallTime> take_syslog_time(std::string_view& text, WallTime now);

// "Tue Jun 30 17:02:11 2026", as dmesg -T writes it.
[[nodiscard]] std::optional<WallTime> take_ctime(std::string_view& text);

} // namespace squall::doctor
