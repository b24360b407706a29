// What ecs-init does before it starts the agent.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

// A unit that failed is started again in a while, and who only starts it waits for that, too.
void append_start(Steps& steps) {
    steps.push_back(start_docker());
    steps.push_back(restart_agent());
}

// Where the links of Debian's alternatives, or of a distribution's own, end.
constexpr std::string_view find_iptables = "readlink -f \"$(command -v iptables)\"";

constexpr Cause ecs_init_iptables{
    "ECS_INIT_IPTABLES",
    "",
    "iptables cannot be run: /dev/null is mounted over the program",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{script(fmt::format("{}\n", find_iptables), "iptables"),
                     script(fmt::format("mount -n --bind /dev/null \"$({})\"\n", find_iptables)),
                     restart_agent()};
    },
    [](const json::Object& before) {
        const auto path = json::string_at(before, "iptables");
        Steps steps;
        if (!path.empty()) steps.push_back(script(unmount_until(path, "0")));
        append_start(steps);
        return steps;
    },
    Keeps::until_boot};

constexpr std::string_view settings_folder = "/proc/sys/net";

constexpr Cause ecs_init_sysctl{
    "ECS_INIT_SYSCTL",
    "",
    "/proc/sys/net is mounted read-only: route_localnet cannot be set",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{script(count_mounts(settings_folder), "mounts"),
                     script(fmt::format("mount -n --bind {0} {0} && mount -n -o "
                                        "remount,bind,ro {0}\n",
                                        settings_folder)),
                     restart_agent()};
    },
    [](const json::Object& before) {
        Steps steps;
        if (before.contains("mounts"))
            steps.push_back(
                script(unmount_until(settings_folder, json::string_at(before, "mounts"))));
        append_start(steps);
        return steps;
    },
    Keeps::until_boot};

} // namespace

std::vector<Cause> init_causes() { return {ecs_init_iptables, ecs_init_sysctl}; }

} // namespace squall::lab::breaks
