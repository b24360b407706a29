#include "report_text.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace squall::app {
namespace {

constexpr std::size_t instances_shown_max = 20;

// "3.2s"; "-" where it is not known.
std::string millis_text(const json::Value& instance, std::string_view name) {
    const auto millis = json::integer_at(instance, name, -1);
    // Looks come a second apart.
    if (millis >= 0 && millis < 1000) return "<1s";
    return millis < 0 ? "-" : short_duration(Millis(millis));
}

std::string seconds_text(const json::Value& instance, std::string_view name) {
    const auto seconds = json::integer_at(instance, name, -1);
    return seconds < 0 ? "-" : short_duration(Seconds(seconds));
}

std::string count_text(const json::Value& instance, std::string_view name) {
    const auto count = json::integer_at(instance, name, -1);
    return count < 0 ? "-" : std::to_string(count);
}

std::string tasks_text(const json::Value& instance) {
    return fmt::format("{} / {} / {}",
                       count_text(instance, "tasks_before"),
                       count_text(instance, "tasks_during"),
                       count_text(instance, "tasks_after"));
}

// "seen gone: quickest 1 s, middle 2 s, slowest 31 s (of 40)".
std::string spread_line(std::string_view what,
                        const json::Array& instances,
                        std::string_view name,
                        Millis unit) {
    std::vector<std::int64_t> values;
    for (const auto& instance : instances) {
        const auto value = json::integer_at(instance, name, -1);
        if (value >= 0) values.push_back(value);
    }
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const auto text = [&](std::int64_t value) {
        return short_duration(unit * value);
    };
    return fmt::format("  {:<24} quickest {}, middle {}, slowest {} (of {})\n",
                       what,
                       text(values.front()),
                       text(values[values.size() / 2]),
                       text(values.back()),
                       values.size());
}

} // namespace

std::string report_text(const json::Object& verdict) {
    const json::Array& all = json::array_at(verdict, "instances");
    json::Array instances;
    std::string untouched;
    for (const auto& instance : all) {
        if (json::bool_at(instance, "injected"))
            instances.push_back(instance);
        else if (const auto why = json::string_at(instance, "why_not"); !why.empty())
            untouched += fmt::format(
                "  {:<20} nothing done: {}\n", json::string_at(instance, "instance_id"), why);
    }
    if (instances.empty()) return untouched;
    if (instances.size() > instances_shown_max) {
        return spread_line("seen gone after", instances, "time_to_detect_ms", Millis(1))
               + spread_line("connected again after", instances, "time_to_recover_ms", Millis(1))
               + spread_line(
                   "credentials cut off for", instances, "credentials_cut_off_s", Seconds(1))
               + untouched;
    }
    std::string text = fmt::format("  {:<20} {:>9} {:>6} {:>11}  {}\n",
                                   "instance",
                                   "seen gone",
                                   "back",
                                   "credentials",
                                   "tasks");
    for (const auto& instance : instances) {
        text += fmt::format("  {:<20} {:>9} {:>6} {:>11}  {}\n",
                            json::string_at(instance, "instance_id"),
                            millis_text(instance, "time_to_detect_ms"),
                            millis_text(instance, "time_to_recover_ms"),
                            seconds_text(instance, "credentials_cut_off_s"),
                            tasks_text(instance));
    }
    return text + untouched
           + "  seen gone, back: how long after the stop and the start ECS saw it\n"
             "  credentials: how long tasks could not renew them; tasks: before / during / after\n";
}

} // namespace squall::app
