// Times in AWS's answers and files.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/json.h"

#include <optional>
#include <string_view>

namespace squall::aws {

// ISO 8601. Years before 1970 and past 2261 are no times here: the clock's nanoseconds begin in
// 1677 and end in 2262.
[[nodiscard]] Result<WallTime> parse_answer_time(std::string_view text);

// A member of a JSON answer: seconds since the epoch, or ISO 8601. Nothing where there is none.
[[nodiscard]] std::optional<WallTime> time_at(const json::Value& value, std::string_view key);

} // namespace squall::aws
