// What an agent may be short of: memory, processor time, descriptors.
#include "checks/checks.h"
#include "checks/memory_info.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace squall::host {
namespace {

constexpr std::size_t text_max = 1U << 20U;

// "some avg10=0.00 avg60=1.25 avg300=0.00 total=0": how much of the last minute something waited.
std::optional<double> pressure(const Facts& facts, const char* what, std::string_view kind) {
    const auto text =
        read_file(facts.path(std::string("/proc/pressure/") + what), text_max).value_or("");
    for (const std::string& line : split(text, '\n')) {
        if (!line.starts_with(kind)) continue;
        const auto at = line.find("avg60=");
        if (at != std::string::npos) return std::strtod(line.c_str() + at + 6, nullptr);
    }
    return std::nullopt;
}

std::string pressure_text(std::optional<double> percent, const char* of) {
    return percent ? fmt::format(", {:.0f} % of the last minute {}", *percent, of) : std::string();
}

// Of /proc/stat: user nice system idle iowait irq softirq steal, in ticks since the boot.
struct Ticks {
    double all = 0;
    double stolen = 0;
    int processors = 0;
};

std::optional<Ticks> read_ticks(const Facts& facts) {
    constexpr std::size_t steal_at = 7;
    constexpr std::size_t columns = 8;
    const auto text = read_file(facts.path("/proc/stat"), text_max);
    if (!text) return std::nullopt;
    Ticks ticks;
    for (const std::string& line : split(*text, '\n')) {
        if (!line.starts_with("cpu")) continue;
        const auto [name, rest] = split_once(line, ' ');
        if (name != "cpu") {
            ++ticks.processors;
            continue;
        }
        std::size_t column = 0;
        for (const std::string& word : split(trimmed(rest), ' ')) {
            const auto value = static_cast<double>(to_integer(word).value_or(0));
            if (column < columns) ticks.all += value;
            if (column == steal_at) ticks.stolen = value;
            ++column;
        }
    }
    return ticks.processors == 0 ? std::nullopt : std::optional(ticks);
}

// Percent of the time between the two that a neighbour, or the end of CPU credits, took.
double steal_between(const Ticks& before, const Ticks& after) {
    const double all = after.all - before.all;
    return all <= 0 ? 0 : 100 * (after.stolen - before.stolen) / all;
}

} // namespace

Look check_memory(Facts& facts, Deadline deadline) {
    constexpr std::uint64_t little = 48U << 20U;
    constexpr double little_of_all = 0.02;
    const auto memory = read_memory(facts);
    if (!memory) return could_not_look("/proc/meminfo could not be read", "free -m");
    const auto* config = facts.config(deadline);
    const bool reserves = config != nullptr && !config->get("ECS_RESERVED_MEMORY").empty();
    const auto waiting = pressure(facts, "memory", "full");
    const std::string figures = fmt::format("{} of {} available{}",
                                            size_text(memory->available),
                                            size_text(memory->total),
                                            pressure_text(waiting, "everything waited for memory"));
    const bool is_short = memory->available < little
                          || static_cast<double>(memory->available)
                                 < little_of_all * static_cast<double>(memory->total);
    if (is_short)
        return finding(sign("OOM",
                            Certainty::possible,
                            "this host is nearly out of memory: " + figures,
                            {evidence("/proc/meminfo", figures)},
                            {"ECS_RESERVED_MEMORY=256 in /etc/ecs/ecs.config keeps memory for the "
                             "agent and Docker"}));
    return healthy(
        figures + (reserves ? "" : "; ECS_RESERVED_MEMORY is not set: tasks may take all of it"));
}

Look check_load(Facts& facts, Deadline /*deadline*/) {
    constexpr Millis sample{200};
    constexpr double steal_much = 25;
    constexpr double load_much = 8; // for each processor
    const auto before = read_ticks(facts);
    const auto text = read_file(facts.path("/proc/loadavg"), text_max);
    if (!before || !text) return could_not_look("/proc/stat could not be read", "uptime");
    SystemClock clock;
    clock.wait_for(sample, {});
    const auto after = read_ticks(facts);
    const double steal = after ? steal_between(*before, *after) : 0;
    const double load = std::strtod(text->c_str(), nullptr);
    const std::string figures = fmt::format(
        "load {:.1f} on {} processors, {:.0f} % stolen{}",
        load,
        before->processors,
        steal,
        pressure_text(pressure(facts, "cpu", "some"), "something waited for a processor"));
    if (steal >= steal_much)
        return finding(sign("ACS_INACTIVITY",
                            Certainty::possible,
                            "this host does not get its processors: " + figures
                                + " (a T instance without CPU credits, or busy neighbours)",
                            {evidence("/proc/stat", figures)}));
    if (load >= load_much * before->processors)
        return finding(sign("ACS_INACTIVITY",
                            Certainty::possible,
                            "this host has much more to do than it can: " + figures,
                            {evidence("/proc/loadavg", trimmed(*text))}));
    return healthy(figures);
}

Look check_descriptors(Facts& facts, Deadline /*deadline*/) {
    constexpr double nearly = 0.95;
    const auto text = read_file(facts.path("/proc/sys/fs/file-nr"), text_max);
    if (!text) return could_not_look(text.error().message, "cat /proc/sys/fs/file-nr");
    const auto parts = split(replace_all(std::string(trimmed(*text)), "\t", " "), ' ');
    const double used = std::strtod(parts.front().c_str(), nullptr);
    const double most = std::strtod(parts.back().c_str(), nullptr);
    const std::string figures = fmt::format("{:.0f} of {:.0f} files open", used, most);
    if (most <= 0 || used < nearly * most) return healthy(figures);
    return finding(sign("FD_EXHAUSTION",
                        Certainty::certain,
                        "this host has no room for more open files: " + figures,
                        {evidence("/proc/sys/fs/file-nr", trimmed(*text))},
                        {"sudo sysctl fs.file-max"}));
}

} // namespace squall::host
