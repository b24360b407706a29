#include "collect/sources.h"
#include "squall/doctor/redact.h"

#include <array>

namespace squall::doctor {
namespace {

struct HostFile {
    std::string_view name;
    std::string_view path; // below the root
    bool is_settings = false;
};

constexpr std::array<HostFile, 13> files{{
    {"ecs-agent/ecs.config", "etc/ecs/ecs.config", true},
    {"squall/ecs.config.json", "etc/ecs/ecs.config.json"},
    {"squall/var-lib-ecs.config", "var/lib/ecs/ecs.config", true},
    {"ecs-agent/ecs_agent_data.txt", "var/lib/ecs/data/ecs_agent_data.json"},
    {"docker/sysconfig-docker.txt", "etc/sysconfig/docker", true},
    {"docker/daemon.json.txt", "etc/docker/daemon.json"},
    {"os-release", "etc/os-release"},
    {"squall/resolv.conf", "etc/resolv.conf"},
    {"squall/hosts", "etc/hosts"},
    {"squall/meminfo", "proc/meminfo"},
    {"squall/pressure-memory", "proc/pressure/memory"},
    {"squall/file-nr", "proc/sys/fs/file-nr"},
    {"squall/loadavg", "proc/loadavg"},
}};

} // namespace

std::vector<Item> host_files(const Path& root) {
    constexpr std::size_t size_max = std::size_t{8} << 20U;
    std::vector<Item> items;
    for (const HostFile& file : files) {
        const SteadyTime begin = Steady::now();
        Item item{std::string(file.name)};
        const auto text = read_file(root / file.path, size_max);
        if (!text && text.error().code == Errc::not_found) continue;
        if (text)
            item.text = file.is_settings ? redacted_settings(*text) : redacted(*text);
        else
            item.problem = redacted(text.error().message);
        item.took = std::chrono::duration_cast<Millis>(Steady::now() - begin);
        items.push_back(std::move(item));
    }
    return items;
}

} // namespace squall::doctor
