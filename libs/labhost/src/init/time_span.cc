#include "init/time_span.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace squall::labhost::init {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t micros;
};

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t week = 7 * day;
constexpr std::int64_t month = 2'629'800 * second; // 30.44 days, as systemd.time(7) has it
constexpr std::int64_t year = 31'557'600 * second; // 365.25 days

constexpr std::array<Unit, 31> units{
    Unit{"seconds", second}, Unit{"second", second}, Unit{"sec", second}, Unit{"s", second},
    Unit{"minutes", minute}, Unit{"minute", minute}, Unit{"min", minute}, Unit{"m", minute},
    Unit{"months", month},   Unit{"month", month},   Unit{"M", month},    Unit{"msec", 1000},
    Unit{"ms", 1000},        Unit{"hours", hour},    Unit{"hour", hour},  Unit{"hr", hour},
    Unit{"h", hour},         Unit{"days", day},      Unit{"day", day},    Unit{"d", day},
    Unit{"weeks", week},     Unit{"week", week},     Unit{"w", week},     Unit{"years", year},
    Unit{"year", year},      Unit{"y", year},        Unit{"usec", 1},     Unit{"us", 1},
    Unit{"\u00b5s", 1},      Unit{"\u03bcs", 1},     Unit{"", second},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void skip_spaces(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
}

// The longest unit name at the front; names end at a space, a digit or the end.
const Unit* take_unit(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && text[length] != ' ' && text[length] != '\t'
           && !is_digit(text[length]) && text[length] != '.')
        ++length;
    const std::string_view name = text.substr(0, length);
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        text.remove_prefix(length);
        return &unit;
    }
    return nullptr;
}

std::tm utc_parts(WallTime when) {
    const std::time_t seconds = Wall::to_time_t(std::chrono::floor<Seconds>(when));
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts;
}

std::string formatted(WallTime when, const char* format) {
    const std::tm parts = utc_parts(when);
    std::array<char, 64> buffer{};
    return {buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &parts)};
}

WallTime midnight(WallTime of) { return std::chrono::floor<std::chrono::days>(of); }

// "now-10s", "now+10s" and their like.
Result<WallTime> shifted(WallTime now, std::string_view span, int direction) {
    const auto parsed = parse_span(span);
    if (!parsed) return fail(parsed.error());
    const auto most = std::chrono::duration_cast<Micros>(std::chrono::days(36'500));
    return now + direction * std::chrono::duration_cast<Wall::duration>(std::min(*parsed, most));
}

} // namespace

Result<Micros> parse_span(std::string_view text) {
    const std::string_view whole = text;
    const auto bad = [&] {
        return fail(Errc::invalid_input, "'{}' is not a time span such as 1min 30s", whole);
    };
    text = trimmed(text);
    if (text == "infinity") return forever;
    if (text.empty()) return bad();
    double total = 0;
    while (!text.empty()) {
        std::size_t length = 0;
        while (length < text.size() && (is_digit(text[length]) || text[length] == '.'))
            ++length;
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + length, number);
        if (error != std::errc{} || end != text.data() + length) return bad();
        text.remove_prefix(length);
        skip_spaces(text);
        const Unit* unit = take_unit(text);
        if (unit == nullptr) return bad();
        skip_spaces(text);
        total += number * static_cast<double>(unit->micros);
        // A century is past every use; beyond it a sum might overflow.
        if (!(total < 100.0 * static_cast<double>(year))) return bad();
    }
    return Micros(std::llround(total));
}

std::string span_text(Micros span, Micros accuracy) {
    if (span == forever) return "infinity";
    if (span <= Micros(0)) return "0";
    constexpr std::array<Unit, 9> parts{Unit{"y", year},
                                        Unit{"month", month},
                                        Unit{"w", week},
                                        Unit{"d", day},
                                        Unit{"h", hour},
                                        Unit{"min", minute},
                                        Unit{"s", second},
                                        Unit{"ms", 1000},
                                        Unit{"us", 1}};
    std::int64_t left = span.count();
    // A span that is shorter than the accuracy asked for would print as nothing.
    const std::int64_t least = left < accuracy.count() ? 1 : accuracy.count();
    std::string text;
    for (const Unit& part : parts) {
        if (left < least) break;
        if (left < part.micros) continue;
        if (!text.empty()) text += ' ';
        const std::int64_t rest = left % part.micros;
        // Seconds carry what is below them as a fraction: "1.500000s", never "1s 500ms".
        int digits = 0;
        if (part.micros <= second && rest >= least) {
            for (std::int64_t unit = part.micros; unit > least; unit /= 10)
                ++digits;
        }
        if (digits > 0) {
            std::int64_t scale = part.micros;
            for (int i = 0; i < digits; ++i)
                scale /= 10;
            text += fmt::format("{}.{:0{}}{}", left / part.micros, rest / scale, digits, part.name);
            break;
        }
        text += fmt::format("{}{}", left / part.micros, part.name);
        left = rest;
    }
    return text;
}

SteadyTime after(SteadyTime from, Micros span) {
    if (span == forever) return SteadyTime::max();
    return from + span;
}

std::string timestamp_text(WallTime when) {
    if (when == WallTime{}) return "";
    return formatted(when, "%a %Y-%m-%d %H:%M:%S UTC");
}

std::string relative_text(WallTime when, WallTime now) {
    const bool past = when <= now;
    const std::int64_t d =
        std::chrono::duration_cast<Micros>(past ? now - when : when - now).count();
    const char* side = past ? "ago" : "left";
    if (d >= 2 * day) return fmt::format("{} days {}", d / day, side);
    if (d >= 25 * hour) return fmt::format("1 day {}h {}", (d - day) / hour, side);
    if (d >= 6 * hour) return fmt::format("{}h {}", d / hour, side);
    if (d >= hour) return fmt::format("{}h {}min {}", d / hour, d % hour / minute, side);
    if (d >= 5 * minute) return fmt::format("{}min {}", d / minute, side);
    if (d >= minute) return fmt::format("{}min {}s {}", d / minute, d % minute / second, side);
    if (d >= second) return fmt::format("{}s {}", d / second, side);
    if (d >= 1000) return fmt::format("{}ms {}", d / 1000, side);
    if (d > 0) return fmt::format("{}us {}", d, side);
    return "now";
}

Result<WallTime> parse_timestamp(std::string_view text, WallTime now) {
    const std::string_view whole = trimmed(text);
    text = whole;
    const auto bad = [&] {
        return fail(Errc::invalid_input, "'{}' is not a time", whole);
    };
    if (text == "now") return now;
    if (text == "today") return midnight(now);
    if (text == "yesterday") return midnight(now) - std::chrono::days(1);
    if (text == "tomorrow") return midnight(now) + std::chrono::days(1);
    if (text.empty()) return bad();
    if (text.front() == '-') return shifted(now, text.substr(1), -1);
    if (text.front() == '+') return shifted(now, text.substr(1), 1);
    if (text.front() == '@') return shifted(WallTime{}, text.substr(1), 1);
    if (text.ends_with(" ago")) return shifted(now, text.substr(0, text.size() - 4), -1);
    if (text.ends_with(" left")) return shifted(now, text.substr(0, text.size() - 5), 1);
    if (text.ends_with(" UTC")) text.remove_suffix(4);
    std::string full(text);
    if (full.size() == 5 && full[2] == ':') full += ":00";
    if (full.size() == 8 && full[2] == ':') full = formatted(now, "%Y-%m-%d ") + full;
    if (full.size() == 10) full += " 00:00:00";
    if (full.size() == 16) full += ":00";
    const auto parsed = squall::parse_time(full);
    if (!parsed) return bad();
    return *parsed;
}

std::int64_t micros_of(SteadyTime when) {
    return std::chrono::floor<Micros>(when.time_since_epoch()).count();
}

std::int64_t micros_of(WallTime when) {
    return std::chrono::floor<Micros>(when.time_since_epoch()).count();
}

WallTime wall_from_micros(std::int64_t micros) {
    return WallTime(std::chrono::duration_cast<Wall::duration>(Micros(micros)));
}

} // namespace squall::labhost::init
