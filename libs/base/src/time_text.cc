#include "squall/base/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ctime>

namespace squall {
namespace {

constexpr double epoch_seconds_max = 9.2e9; // nanoseconds in 64 bits end in the year 2262

std::tm utc_parts(WallTime when) {
    const std::time_t seconds = Wall::to_time_t(std::chrono::floor<Seconds>(when));
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts;
}

std::string formatted(const std::tm& parts, const char* format) {
    std::array<char, 64> buffer{};
    const std::size_t size = std::strftime(buffer.data(), buffer.size(), format, &parts);
    return {buffer.data(), size};
}

// Reads exactly `count` digits at the front of `text` and moves past them.
std::optional<int> digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
    if (error != std::errc{} || end != text.data() + count || value < 0) return std::nullopt;
    text.remove_prefix(count);
    return value;
}

bool skip(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

Millis fraction(std::string_view& text) {
    if (!skip(text, '.')) return Millis(0);
    int millis = 0;
    int scale = 100;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        millis += (text.front() - '0') * scale;
        scale /= 10;
        text.remove_prefix(1);
    }
    return Millis(millis);
}

// The zone at the end: Z, nothing (meant as UTC), or +hh:mm.
std::optional<Seconds> zone(std::string_view text) {
    if (text.empty() || text == "Z") return Seconds(0);
    const int sign = text.front() == '-' ? -1 : 1;
    if (text.front() != '+' && text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
    const auto hours = digits(text, 2);
    skip(text, ':');
    const auto minutes = digits(text, 2);
    if (!hours || !minutes || !text.empty()) return std::nullopt;
    return Seconds(sign * (*hours * 3600 + *minutes * 60));
}

} // namespace

std::string rfc3339_seconds(WallTime when) {
    return formatted(utc_parts(when), "%Y-%m-%dT%H:%M:%SZ");
}

std::string rfc3339_millis(WallTime when) {
    const auto millis = std::chrono::floor<Millis>(when.time_since_epoch()).count() % 1000;
    return fmt::format(
        "{}.{:03}Z", formatted(utc_parts(when), "%Y-%m-%dT%H:%M:%S"), (millis + 1000) % 1000);
}

std::string compact_utc(WallTime when) { return formatted(utc_parts(when), "%Y%m%dT%H%M%SZ"); }

std::string clock_time(WallTime when) {
    const std::time_t seconds = Wall::to_time_t(std::chrono::floor<Seconds>(when));
    std::tm parts{};
    localtime_r(&seconds, &parts);
    return formatted(parts, "%H:%M:%S");
}

std::int64_t epoch_millis(WallTime when) {
    return std::chrono::floor<Millis>(when.time_since_epoch()).count();
}

std::string decimal_seconds(Millis length) {
    const std::int64_t millis = length.count();
    if (millis % 1000 == 0) return fmt::format("{}", millis / 1000);
    std::string text = fmt::format("{:.3f}", static_cast<double>(millis) / 1000);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

double epoch_seconds(WallTime when) { return static_cast<double>(epoch_millis(when)) / 1000.0; }

WallTime from_epoch_seconds(double seconds) {
    // What is no time is the epoch, and what a clock cannot hold is the nearest that it can: these
    // come from outside.
    if (std::isnan(seconds)) return WallTime{};
    const double within = std::clamp(seconds, -epoch_seconds_max, epoch_seconds_max);
    return WallTime(
        std::chrono::duration_cast<Wall::duration>(Millis(std::llround(within * 1000.0))));
}

Result<WallTime> parse_time(std::string_view text) {
    const std::string_view whole = text;
    const auto bad = [&] {
        return fail(Errc::invalid_input, "'{}' is not a time such as 2026-01-31T23:59:59Z", whole);
    };
    const auto year = digits(text, 4);
    const bool dashed = skip(text, '-');
    const auto month = digits(text, 2);
    if (dashed && !skip(text, '-')) return bad();
    const auto day = digits(text, 2);
    if (!year || !month || !day || (!skip(text, 'T') && !skip(text, ' '))) return bad();
    const auto hour = digits(text, 2);
    if (dashed && !skip(text, ':')) return bad();
    const auto minute = digits(text, 2);
    if (dashed && !skip(text, ':')) return bad();
    const auto second = digits(text, 2);
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return bad();
    const Millis millis = fraction(text);
    const auto offset = zone(text);
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!offset || !date.ok()) return bad();
    const auto since_midnight =
        std::chrono::hours(*hour) + std::chrono::minutes(*minute) + Seconds(*second) + millis;
    const auto since_epoch =
        std::chrono::sys_days(date).time_since_epoch() + since_midnight - *offset;
    // What a clock cannot hold is no time.
    if (std::abs(std::chrono::duration<double>(since_epoch).count()) > epoch_seconds_max)
        return bad();
    return WallTime(since_epoch);
}

std::string short_duration(Millis duration) {
    const auto count = duration.count();
    if (count < 1000) return fmt::format("{}ms", count);
    const auto seconds = count / 1000;
    if (seconds < 10 && count % 1000 >= 100)
        return fmt::format("{}.{}s", seconds, count % 1000 / 100);
    if (seconds < 60) return fmt::format("{}s", seconds);
    if (seconds < 3600)
        return seconds % 60 == 0 ? fmt::format("{}m", seconds / 60)
                                 : fmt::format("{}m{}s", seconds / 60, seconds % 60);
    return fmt::format("{}h{}m", seconds / 3600, seconds % 3600 / 60);
}

Result<Millis> parse_duration(std::string_view text) {
    const auto bad = [&] {
        return fail(Errc::invalid_input,
                    "'{}' is not a duration such as 250ms, 3s, 2m, 1h or 1d",
                    text.substr(0, 80));
    };
    std::int64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{} || text.front() == '-') return bad();
    const std::string_view unit(after, static_cast<std::size_t>(end - after));
    std::int64_t scale = 0;
    if (unit == "ms") scale = 1;
    if (unit.empty() || unit == "s") scale = 1000;
    if (unit == "m") scale = 60'000;
    if (unit == "h") scale = 3'600'000;
    if (unit == "d") scale = 86'400'000;
    constexpr std::int64_t year = 365LL * 24 * 3'600'000;
    if (scale == 0 || count > year / scale) return bad();
    return Millis(count * scale);
}

} // namespace squall
