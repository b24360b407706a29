#include "collect/logs.h"

#include "squall/doctor/redact.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <tuple>

namespace squall::doctor {
namespace {

namespace fs = std::filesystem;

struct LogPlace {
    std::string_view folder; // below the root
    std::string_view prefix; // of the files' names; "": all of them
    std::string_view into;   // where they are in the archive
    int rank;
};

constexpr std::array<LogPlace, 9> places{{
    {"var/log/ecs", "ecs-agent.log", "ecs_agent_logs", 0},
    {"var/log/ecs", "ecs-init.log", "ecs_agent_logs", 0},
    {"var/log/ecs", "", "ecs_agent_logs", 2},
    {"var/log", "docker", "docker_log", 1},
    {"var/log", "messages", "var_log", 1},
    {"var/log", "syslog", "var_log", 1},
    {"var/log", "cloud-init", "var_log", 1},
    {"var/log", "dmesg", "kernel", 2},
    {"var/log/amazon/ssm", "amazon-ssm-agent.log", "squall/ssm", 2},
}};

void add_logs(const Path& root, const LogPlace& place, std::vector<HostLog>& logs) {
    constexpr std::size_t logs_max = 2000;
    std::error_code error;
    for (fs::directory_iterator entry(root / place.folder, error);
         !error && entry != fs::directory_iterator();
         entry.increment(error)) {
        std::string file = entry->path().filename().string();
        const auto is_same = [&](const HostLog& log) {
            return log.path == entry->path();
        };
        if (!file.starts_with(place.prefix) || logs.size() == logs_max
            || std::any_of(logs.begin(), logs.end(), is_same))
            continue;

        struct stat status {};

        if (::lstat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        if (file.ends_with(".gz")) file.resize(file.size() - 3); // it comes as text
        // Nothing in a name that one tar takes differently from another.
        std::replace_if(
            file.begin(), file.end(), [](char c) { return c < ' ' || c > '~'; }, '_');
        HostLog log;
        log.path = entry->path();
        log.name =
            std::string(place.into) + "/" + (file == "dmesg" ? "dmesg.boot" : redacted(file));
        log.size = static_cast<std::uint64_t>(status.st_size);
        log.changed = Wall::from_time_t(status.st_mtime);
        log.rank = place.rank;
        logs.push_back(std::move(log));
    }
}

} // namespace

std::vector<HostLog> host_logs(const Path& root) {
    std::vector<HostLog> logs;
    for (const LogPlace& place : places)
        add_logs(root, place, logs);
    std::sort(logs.begin(), logs.end(), [](const HostLog& a, const HostLog& b) {
        return std::tuple(a.rank, b.changed, a.name) < std::tuple(b.rank, a.changed, b.name);
    });
    return logs;
}

} // namespace squall::doctor
