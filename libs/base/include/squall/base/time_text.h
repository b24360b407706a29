// Times as text, always UTC.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace squall {

[[nodiscard]] std::string rfc3339_millis(WallTime when);  // 2026-11-21T02:03:04.005Z
[[nodiscard]] std::string rfc3339_seconds(WallTime when); // 2026-11-21T02:03:04Z
[[nodiscard]] std::string compact_utc(WallTime when); // 20261121T020304Z, as X-Amz-Date wants it
[[nodiscard]] std::string clock_time(WallTime when);  // 02:03:04 in the caller's time zone
// Seconds since the epoch with a fraction, as AWS's JSON protocols write a timestamp.
[[nodiscard]] double epoch_seconds(WallTime when);
[[nodiscard]] WallTime from_epoch_seconds(double seconds);
[[nodiscard]] std::int64_t epoch_millis(WallTime when);
// "1700000000", "1700000000.5": never with an exponent.
[[nodiscard]] std::string decimal_seconds(Millis length);

// Accepts the three forms above and offsets (+02:00).
[[nodiscard]] Result<WallTime> parse_time(std::string_view text);

// "1m30s", "250ms", "2h"; what people read in a progress line.
[[nodiscard]] std::string short_duration(Millis duration);

// What people write for one: "250ms", "3s", "2m", "1h"; a number alone is seconds. Up to a year.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);

} // namespace squall
