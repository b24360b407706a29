// What the kernel has done lately to those whom an agent needs.
#include "checks/checks.h"
#include "squall/base/fd.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/doctor/oom_episode.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace squall::host {
namespace {

constexpr double recent_s = 3600;
constexpr std::size_t records_max = 100'000;

struct Record {
    double at = 0; // seconds since the boot
    std::string text;
};

// A record: "6,1234,5678901,-;text", the time in microseconds. Each read gives one.
std::vector<Record> read_kmsg(const Path& path) {
    std::vector<Record> records;
    const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::array<char, 8192> buffer{};
    for (std::size_t i = 0; file && i < records_max; ++i) {
        const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
        // Overwritten while we read: the next one is there.
        if (got < 0 && (errno == EPIPE || errno == EINTR)) continue;
        if (got <= 0) break;
        const std::string_view record(buffer.data(), static_cast<std::size_t>(got));
        const auto [head, text] = split_once(record, ';');
        const auto parts = split(head, ',');
        if (parts.size() < 3) continue;
        records.push_back({static_cast<double>(to_integer(parts[2]).value_or(0)) / 1e6,
                           std::string(split_once(text, '\n').first)});
    }
    return records;
}

// "[ 5678.901234] text"
std::vector<Record> read_dmesg(std::string_view output) {
    std::vector<Record> records;
    for (const std::string& line : split(output, '\n')) {
        const auto close = line.find(']');
        if (!line.starts_with('[') || close == std::string::npos) continue;
        records.push_back({std::strtod(line.c_str() + 1, nullptr),
                           std::string(trimmed(std::string_view(line).substr(close + 1)))});
    }
    return records;
}

Result<std::vector<Record>> read_records(Facts& facts, Deadline deadline) {
    const Path kmsg = facts.path("/dev/kmsg");
    if (::access(kmsg.c_str(), R_OK) == 0) {
        if (auto records = read_kmsg(kmsg); !records.empty()) return records;
    }
    const auto output =
        facts.ground().run({{"dmesg"}, {}, {}, {}}, deadline.sooner(Deadline::in(Seconds(3))));
    if (!output) return fail(output.error());
    if (output->exit_code != 0) return fail(Errc::failed, "dmesg: {}", trimmed(output->errors));
    return read_dmesg(output->output);
}

// "Out of memory: Killed process 4711 (agent) total-vm:…": who it was.
std::string victim_of(std::string_view text) {
    const auto at = text.find("Killed process ");
    const auto open = text.find('(', at == std::string_view::npos ? text.size() : at);
    const auto close = text.find(')', open == std::string_view::npos ? text.size() : open);
    if (close == std::string_view::npos) return {};
    return std::string(text.substr(open + 1, close - open - 1));
}

// The kernel cuts a name at 15 characters.
bool is_needed(std::string_view name) {
    constexpr std::array needed{
        "agent", "amazon-ecs-agen", "dockerd", "containerd", "containerd-shim", "amazon-ecs-init"};
    return std::any_of(
        needed.begin(), needed.end(), [&](std::string_view one) { return name == one; });
}

std::string ago(double seconds) {
    return short_duration(std::chrono::duration_cast<Millis>(
               Seconds(static_cast<std::int64_t>(std::max(0.0, seconds)))))
           + " ago";
}

} // namespace

Look check_kernel(Facts& facts, Deadline deadline) {
    const auto records = read_records(facts, deadline);
    if (!records) return could_not_look(records.error().message, "sudo dmesg");
    const auto uptime = read_file(facts.path("/proc/uptime"), 256).value_or("0");
    const double now = std::strtod(uptime.c_str(), nullptr);
    std::vector<Sign> signs;
    std::size_t others = 0;
    doctor::OomEpisode episode;
    for (const Record& record : *records) {
        episode.read(record.text);
        if (now - record.at > recent_s) continue;
        const std::string victim = victim_of(record.text);
        const bool is_ours = is_needed(victim) && !episode.is_of_task();
        if (!victim.empty() && !is_ours) ++others;
        // The agent has no limit of its own, and others are called agent, too.
        if (is_ours)
            signs.push_back(sign("OOM",
                                 episode.is_of_limit() ? Certainty::possible : Certainty::certain,
                                 fmt::format("the kernel was out of memory{}, and killed {} {}",
                                             episode.is_of_limit() ? " within a limit" : "",
                                             victim,
                                             ago(now - record.at)),
                                 {evidence("dmesg", record.text)}));
        if (record.text.find("nf_conntrack: table full") != std::string::npos && signs.empty())
            signs.push_back(sign("NET_CONN_RESET",
                                 Certainty::possible,
                                 "the table of connections was full: packets were dropped",
                                 {evidence("dmesg", record.text)},
                                 {"sudo sysctl net.netfilter.nf_conntrack_max"}));
    }
    return finding_or_healthy(
        std::move(signs),
        others == 0 ? std::string("it has killed nobody within the last hour")
                    : fmt::format("it has killed {} processes of tasks within the last hour, and "
                                  "neither the agent nor Docker",
                                  others));
}

} // namespace squall::host
