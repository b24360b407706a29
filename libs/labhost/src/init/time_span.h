// Times as systemd writes and reads them. Spans are microseconds, as in systemd; the grammar is
// that of systemd.time(7). All functions are pure; a lab host lives in UTC.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"

#include <chrono>
#include <string>
#include <string_view>

namespace squall::labhost::init {

using Micros = std::chrono::microseconds;

// "infinity": a timeout that never comes.
inline constexpr Micros forever = Micros::max();

// One moment on both clocks: deadlines use the steady one, what people read the wall clock.
struct Instant {
    SteadyTime steady;
    WallTime wall;
};

// "10s", "1min 30s", "100ms", "1.5h", "infinity"; a number alone is seconds.
[[nodiscard]] Result<Micros> parse_span(std::string_view text);
// "1min 30s", "1.500000s", "100ms", "0", "infinity"; parts below `accuracy` are left out.
[[nodiscard]] std::string span_text(Micros span, Micros accuracy = Micros(1));

// The steady time `span` after `from`; SteadyTime::max() where that never comes.
[[nodiscard]] SteadyTime after(SteadyTime from, Micros span);

// "Sat 2026-11-21 02:54:13 UTC"; empty for the epoch, which stands for "never".
[[nodiscard]] std::string timestamp_text(WallTime when);
// "10ms ago", "1min 2s ago", "59min left".
[[nodiscard]] std::string relative_text(WallTime when, WallTime now);

// What journalctl --since takes: "2026-11-21", "2026-11-21 02:54[:13]", "02:54", "now", "today",
// "yesterday", "-10s", "10 min ago", "@1795229653", RFC 3339.
[[nodiscard]] Result<WallTime> parse_timestamp(std::string_view text, WallTime now);

// Microseconds on the monotonic clock and since the epoch: the numbers in properties and journal.
[[nodiscard]] std::int64_t micros_of(SteadyTime when);
[[nodiscard]] std::int64_t micros_of(WallTime when);
[[nodiscard]] WallTime wall_from_micros(std::int64_t micros);

} // namespace squall::labhost::init
