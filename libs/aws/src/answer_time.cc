#include "answer_time.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::aws {

Result<WallTime> parse_answer_time(std::string_view text) {
    constexpr std::int64_t year_min = 1970;
    constexpr std::int64_t year_max = 2261;
    const auto year = to_integer(text.substr(0, 4));
    if (year && (*year < year_min || *year > year_max)) {
        return fail(Errc::invalid_input,
                    "'{}' is not between the years {} and {}",
                    text,
                    year_min,
                    year_max);
    }
    return parse_time(text);
}

std::optional<WallTime> time_at(const json::Value& value, std::string_view key) {
    const json::Value& member = json::at(value, key);
    if (member.is_string()) {
        const auto when = parse_answer_time(json::string_of(member));
        return when ? std::optional(*when) : std::nullopt;
    }
    constexpr double seconds_max = 9.2e9; // the year 2261
    const double seconds = json::number_at(value, key, -1);
    if (!(seconds >= 0 && seconds <= seconds_max)) return std::nullopt;
    return from_epoch_seconds(seconds);
}

} // namespace squall::aws
