// What a host runs out of.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

// The agent's folder moves to a filesystem that is too small for what somebody stored there.
constexpr std::string_view fill_disk = R"(set -e
folder=/var/lib/ecs
image=$folder/docker-images.tar
new=$(mktemp -d)
mount -n -t tmpfs -o size=4m,mode=755 tmpfs "$new"
cp -a $folder/. "$new"
mount -n --move "$new" $folder
rmdir "$new"
dd if=/dev/zero of=$image bs=64k 2>/dev/null || true
)";

// What the agent has written there since moves back with it.
constexpr std::string_view free_disk = R"(set -e
folder=/var/lib/ecs
grep -q " $folder " /proc/self/mounts || exit 0
old=$(mktemp -d)
mount -n --move $folder "$old"
rm -rf $folder/data
cp -a "$old/data" $folder/
umount -n "$old"
rmdir "$old"
)";

constexpr Cause disk_full{
    "DISK_FULL",
    "",
    "the filesystem that the agent writes its state to is full",
    Need::nothing,
    Sign::disconnected,
    [] {
        return Steps{stop_agent(), script(std::string(fill_disk)), restart_agent()};
    },
    [](const json::Object&) {
        return Steps{stop_agent(), script(std::string(free_disk)), start_agent()};
    },
    Keeps::until_boot};

constexpr std::string_view limits_drop_in = "20-limits.conf";

// So many it has open before it dials. What starts the agent may raise its own limit, and needs to.
constexpr Cause fd_exhaustion{
    "FD_EXHAUSTION",
    "",
    "the agent may open fewer files than it needs (LimitNOFILE), and its connections end",
    Need::systemd,
    Sign::disconnected,
    [] {
        return Steps{script(write_drop_in("ecs", limits_drop_in, "[Service]\nLimitNOFILE=11:64\n")),
                     script("prlimit --pid \"$(cat /run/ecs-agent.pid)\" --nofile=11:11\n"),
                     end_connections()};
    },
    [](const json::Object&) {
        return Steps{script(remove_drop_in("ecs", limits_drop_in)), start_agent(), restart_agent()};
    }};

} // namespace

std::vector<Cause> resource_causes() { return {disk_full, fd_exhaustion}; }

} // namespace squall::lab::breaks
