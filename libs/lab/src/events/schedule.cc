#include "events/rule.h"
#include "squall/base/text.h"

namespace squall::lab::eventbridge {

Result<Seconds> parse_rate(std::string_view expression) {
    if (expression.starts_with("cron("))
        return fail(Errc::invalid_input,
                    "Parameter ScheduleExpression is not valid. Reason: this lab knows rate(), and "
                    "no cron().");
    const auto wrong = [] {
        return fail(Errc::invalid_input, "Parameter ScheduleExpression is not valid.");
    };
    if (!expression.starts_with("rate(") || !expression.ends_with(')')) return wrong();
    expression = expression.substr(5, expression.size() - 6);
    const auto [digits, unit] = split_once(expression, ' ');
    const auto count = to_integer(digits);
    constexpr std::int64_t count_max = 1'000'000;
    if (!count || *count < 1 || *count > count_max) return wrong();
    const std::string_view plural = *count == 1 ? "" : "s";
    if (unit == fmt::format("minute{}", plural)) return std::chrono::minutes(*count);
    if (unit == fmt::format("hour{}", plural)) return std::chrono::hours(*count);
    if (unit == fmt::format("day{}", plural)) return std::chrono::hours(24) * *count;
    return wrong();
}

} // namespace squall::lab::eventbridge
