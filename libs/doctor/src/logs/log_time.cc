#include "logs/log_time.h"

#include <array>
#include <charconv>

namespace squall::doctor {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;

constexpr std::array<std::string_view, 12> months{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!is_digit(text[i])) return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, std::string_view one_of) {
    if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

bool take_word(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

std::optional<WallTime>
time_of(int years, int months_of_year, int days, std::chrono::nanoseconds in_day) {
    const std::chrono::year_month_day date{year(years),
                                           month(static_cast<unsigned>(months_of_year)),
                                           day(static_cast<unsigned>(days))};
    if (!date.ok() || years < 1970 || years > 2200) return std::nullopt;
    return WallTime(sys_days(date).time_since_epoch() + in_day);
}

// hh:mm:ss, a fraction too.
std::optional<std::chrono::nanoseconds> take_clock(std::string_view& text) {
    const auto hours = take_digits(text, 2);
    if (!hours || !take(text, ":")) return std::nullopt;
    const auto minutes = take_digits(text, 2);
    if (!minutes || !take(text, ":")) return std::nullopt;
    const auto seconds = take_digits(text, 2);
    if (!seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
    std::int64_t nanos = 0;
    if (text.size() > 1 && (text[0] == '.' || text[0] == ',') && is_digit(text[1])) {
        text.remove_prefix(1);
        std::int64_t scale = 100'000'000;
        while (!text.empty() && is_digit(text.front())) {
            nanos += (text.front() - '0') * scale;
            scale /= 10;
            text.remove_prefix(1);
        }
    }
    return Seconds(*hours * 3600 + *minutes * 60 + *seconds) + std::chrono::nanoseconds(nanos);
}

// What the time is ahead of UTC by.
Seconds take_zone(std::string_view& text) {
    if (take(text, "Zz") || take_word(text, " UTC") || take_word(text, " +0000 UTC"))
        return Seconds(0);
    if (text.empty() || (text.front() != '+' && text.front() != '-')) return Seconds(0);
    std::string_view rest = text;
    const int sign = rest.front() == '-' ? -1 : 1;
    rest.remove_prefix(1);
    const auto hours = take_digits(rest, 2);
    take(rest, ":");
    const auto minutes = take_digits(rest, 2);
    if (!hours || !minutes) return Seconds(0);
    text = rest;
    return Seconds(sign * (*hours * 3600 + *minutes * 60));
}

std::optional<int> take_month(std::string_view& text) {
    for (std::size_t i = 0; i < months.size(); ++i) {
        if (take_word(text, months[i])) return static_cast<int>(i) + 1;
    }
    return std::nullopt;
}

// " 3", "03", "13"
std::optional<int> take_day(std::string_view& text) {
    if (take(text, " ")) return take_digits(text, 1);
    if (const auto two = take_digits(text, 2)) return two;
    return take_digits(text, 1);
}

// "1773216900", a fraction too, or in milliseconds: of this century's first seven decades.
std::optional<WallTime> take_epoch(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && is_digit(text[size]))
        ++size;
    constexpr std::size_t seconds_digits = 10;
    constexpr std::size_t millis_digits = 13;
    if (size != seconds_digits && size != millis_digits) return std::nullopt;
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + size, number);
    const Millis since = size == millis_digits ? Millis(number) : Millis(number * 1000);
    if (since < Millis(1'000'000'000'000) || since > Millis(3'200'000'000'000)) return std::nullopt;
    std::string_view rest = text.substr(size);
    if (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) {
        rest.remove_prefix(1);
        while (!rest.empty() && is_digit(rest.front()))
            rest.remove_prefix(1);
    }
    const bool ends =
        rest.empty() || std::string_view(" \t],\"").find(rest.front()) != std::string_view::npos;
    if (!ends) return std::nullopt;
    text = rest;
    return WallTime(since);
}

} // namespace

std::optional<WallTime> take_time(std::string_view& text) {
    if (const auto epoch = take_epoch(text)) return epoch;
    std::string_view rest = text;
    const auto years = take_digits(rest, 4);
    if (!years || !take(rest, "-/")) return std::nullopt;
    const auto month_of_year = take_digits(rest, 2);
    if (!month_of_year || !take(rest, "-/")) return std::nullopt;
    const auto day_of_month = take_digits(rest, 2);
    if (!day_of_month || !take(rest, "Tt _")) return std::nullopt;
    const auto in_day = take_clock(rest);
    if (!in_day) return std::nullopt;
    const Seconds ahead = take_zone(rest);
    const auto when = time_of(*years, *month_of_year, *day_of_month, *in_day - ahead);
    if (when) text = rest;
    return when;
}

std::optional<WallTime> take_syslog_time(std::string_view& text, WallTime now) {
    std::string_view rest = text;
    const auto month_of_year = take_month(rest);
    if (!month_of_year || !take(rest, " ")) return std::nullopt;
    const auto day_of_month = take_day(rest);
    if (!day_of_month || !take(rest, " ")) return std::nullopt;
    const auto in_day = take_clock(rest);
    if (!in_day) return std::nullopt;
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
    const int this_year = static_cast<int>(today.year());
    for (const int years :
         {this_year, this_year - 1, this_year - 2, this_year - 3, this_year - 4}) {
        const auto when = time_of(years, *month_of_year, *day_of_month, *in_day);
        if (!when || *when > now + std::chrono::hours(24)) continue;
        text = rest;
        return when;
    }
    return std::nullopt;
}

std::optional<WallTime> take_ctime(std::string_view& text) {
    std::string_view rest = text;
    if (rest.size() < 4 || rest[3] != ' ') return std::nullopt;
    rest.remove_prefix(4);
    const auto month_of_year = take_month(rest);
    if (!month_of_year || !take(rest, " ")) return std::nullopt;
    const auto day_of_month = take_day(rest);
    if (!day_of_month || !take(rest, " ")) return std::nullopt;
    const auto in_day = take_clock(rest);
    if (!in_day || !take(rest, " ")) return std::nullopt;
    const auto years = take_digits(rest, 4);
    const auto when =
        years ? time_of(*years, *month_of_year, *day_of_month, *in_day) : std::nullopt;
    if (when) text = rest;
    return when;
}

} // namespace squall::doctor
