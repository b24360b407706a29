#include "report_text.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <map>
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

// Why nothing is known to have happened there.
std::string why_untouched(const json::Value& instance) {
    if (const auto why = json::string_at(instance, "why_not"); !why.empty())
        return fmt::format("nothing done: {}", why);
    if (const auto why = json::string_at(instance, "no_answer"); !why.empty())
        return std::string(why);
    if (json::string_at(instance, "sent_at").empty()) return "not told: the run ended first";
    return json::string_at(instance, "reverted_at").empty()
               ? "SSM had no answer from it in time"
               : "SSM had no answer from it in time; nothing is left on it";
}

// A line for each; for many, one for each reason.
std::string untouched_text(const json::Array& instances) {
    std::map<std::string, std::size_t> reasons;
    std::string each;
    for (const auto& instance : instances) {
        const std::string why = why_untouched(instance);
        ++reasons[why];
        each += fmt::format("  {:<20} {}\n", json::string_at(instance, "instance_id"), why);
    }
    if (instances.size() <= instances_shown_max) return each;
    std::string text;
    for (const auto& [why, number] : reasons)
        text += fmt::format("  {} instance{}: {}\n", number, number == 1 ? "" : "s", why);
    return text;
}

constexpr std::string_view canary_arrow = " → ";

// "200 → 503 → 200"; empty where the host did not ask.
std::string host_canary_text(const json::Object& canary) {
    if (canary.empty()) return {};
    std::vector<std::string> outcomes;
    for (const char* phase : {"before", "during", "after"})
        outcomes.emplace_back(json::string_at(canary, phase, "?"));
    // The same outcome, later: what a delay looks like.
    const auto took = json::integer_at(canary, "during_ms");
    if (outcomes[0] == outcomes[1] && took >= 20)
        outcomes[1] += fmt::format(" in {} ms", took);
    else if (outcomes[0] == outcomes[1] && json::bool_at(canary, "met"))
        outcomes[1] += " (affected)";
    return join(outcomes, canary_arrow);
}

// Zeros are not told by hosts.
std::string accepted_text(const json::Value& task) {
    if (!task.as_object().contains("counts")) return "-";
    return std::to_string(json::integer_at(json::object_at(task, "counts"), "accepted"));
}

// What each task's proxy has met; for many, all of them together.
std::string tasks_report(const json::Array& instances) {
    std::string each;
    std::size_t count = 0;
    std::size_t hit = 0;
    std::int64_t hits = 0;
    for (const auto& instance : instances) {
        for (const auto& task : json::array_at(instance, "tasks")) {
            const auto met = json::integer_at(task, "hits", -1);
            ++count;
            hits += std::max<std::int64_t>(0, met);
            if (met > 0) ++hit;
            each += fmt::format("  {:<34} {:<20} {:>9} {:>9}  {}\n",
                                json::string_at(task, "task"),
                                json::string_at(instance, "instance_id"),
                                accepted_text(task),
                                met < 0 ? "-" : std::to_string(met),
                                json::bool_at(task, "armed")
                                    ? host_canary_text(json::object_at(task, "canary"))
                                    : "no proxy was in place");
        }
    }
    if (count == 0) return {};
    if (count > instances_shown_max)
        return fmt::format(
            "  {} tasks: {} of them met the fault, {} times in all\n", count, hit, hits);
    const bool has_canary = each.find(canary_arrow) != std::string::npos;
    return fmt::format("  {:<34} {:<20} {:>9} {:>9}{}\n",
                       "task",
                       "instance",
                       "accepted",
                       "affected",
                       has_canary ? "  canary" : "")
           + each
           + "  accepted: connections that passed the proxy; affected: requests that met the "
             "fault; -: the host did not tell\n"
           + (has_canary ? "  canary: what the host got from the task before, during and after "
                           "the fault; not counted among the others\n"
                         : "");
}

// "503 (4), 200 (11), slowest 12 ms".
std::string canary_phase(const json::Object& canary, std::string_view name) {
    const json::Object& phase = json::object_at(canary, name);
    std::string text;
    for (const auto& [outcome, count] : json::object_at(phase, "outcomes"))
        text += fmt::format("{} ({}), ", std::string_view(outcome), json::text(count));
    if (text.empty()) return "not asked";
    return text + fmt::format("slowest {} ms", json::integer_at(phase, "slowest_ms"));
}

// How the effect is proved, and what the canary saw.
std::string proof_text(const json::Object& verdict) {
    std::vector<std::string> proofs;
    for (const auto& proof : json::array_at(verdict, "proof"))
        proofs.emplace_back("by " + std::string(json::string_of(proof)));
    std::string text;
    if (!proofs.empty()) text = fmt::format("  proof of effect: {}\n", join(proofs, " and "));
    if (!verdict.contains("canary")) return text;
    const json::Object& canary = json::object_at(verdict, "canary");
    for (const char* phase : {"before", "during", "after"})
        text += fmt::format("  canary {:<7} {}\n", phase, canary_phase(canary, phase));
    return text;
}

// Who was told of the run, so that its disconnections were expected.
std::string announced_text(const json::Object& verdict) {
    if (!verdict.contains("announced")) return {};
    const json::Object& announced = json::object_at(verdict, "announced");
    return fmt::format("  announced on the bus {}, from {} to {}{}\n",
                       json::string_at(announced, "bus"),
                       json::string_at(announced, "from"),
                       json::string_at(announced, "until"),
                       json::bool_at(announced, "over") ? "" : "; its end could not be announced");
}

std::string instances_text(const json::Object& verdict) {
    json::Array instances;
    json::Array others;
    for (const auto& instance : json::array_at(verdict, "instances")) {
        // What was seen counts, even of a host that never said a word.
        const bool is_touched =
            json::bool_at(instance, "injected") || json::bool_at(instance, "affected");
        (is_touched ? instances : others).push_back(instance);
    }
    const bool is_any_told =
        std::any_of(others.begin(), others.end(), [](const json::Value& instance) {
            return !json::string_at(instance, "sent_at").empty()
                   || !json::string_at(instance, "why_not").empty();
        });
    // A run that was refused has told nobody: its reason says it all.
    if (instances.empty() && !is_any_told) return {};
    std::string untouched = untouched_text(others);
    if (instances.empty()) return untouched;
    if (const auto tasks = tasks_report(instances); !tasks.empty())
        return tasks + proof_text(verdict) + untouched;
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
                            json::bool_at(instance, "back_early")
                                ? "early"
                                : millis_text(instance, "time_to_recover_ms"),
                            seconds_text(instance, "credentials_cut_off_s"),
                            tasks_text(instance));
    }
    return text + untouched
           + "  seen gone, back: how long after the stop and the start ECS saw it\n"
             "  credentials: how long tasks could not renew them; tasks: before / during / after\n";
}

} // namespace

std::string report_text(const json::Object& verdict) {
    return instances_text(verdict) + announced_text(verdict);
}

} // namespace squall::app
