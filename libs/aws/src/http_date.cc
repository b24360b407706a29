#include "http_date.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::aws {

std::optional<WallTime> parse_http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> months = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto parts = split(trimmed(text), ' ');
    if (parts.size() != 6 || parts[5] != "GMT" || parts[1].size() != 2) return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), parts[2]);
    if (month == months.end()) return std::nullopt;
    const auto when = parse_time(
        fmt::format("{}-{:02}-{}T{}Z", parts[3], month - months.begin() + 1, parts[1], parts[4]));
    if (!when) return std::nullopt;
    return *when;
}

} // namespace squall::aws
