// Room where the agent, Docker and their logs write.
#include "checks/disk.h"

#include "checks/checks.h"
#include "squall/base/text.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace squall::host {
namespace {

constexpr Seconds patience{3};

// Where the agent, Docker and their logs write.
std::vector<std::string> places_of(Facts& facts, Deadline deadline) {
    std::vector<std::string> places{
        "/", "/var/lib/ecs", "/var/lib/ecs/data", "/var/lib/docker", "/var/log/ecs"};
    const auto* config = facts.config(deadline.sooner(Deadline::in(patience)));
    const std::string given = config == nullptr ? "" : config->get("ECS_DATADIR");
    if (given.starts_with('/')) places.push_back(given);
    return places;
}

struct Room {
    int error = 0; // errno

    struct statvfs status {};
};

// Shared by the caller and the threads that ask.
struct Rooms {
    std::mutex mutex; // guards what follows
    std::condition_variable changed;
    std::vector<std::optional<Room>> found; // in the order of the places
    std::size_t open = 0;
};

Room room_at(const std::string& path) {
    Room room;
    if (::statvfs(path.c_str(), &room.status) != 0) room.error = errno;
    return room;
}

// A file system whose server is gone keeps whoever asks for it: each has a thread of its own, and
// what is late is left behind.
std::vector<std::optional<Room>>
ask_all(const Facts& facts, const std::vector<std::string>& places, Deadline deadline) {
    // shared_ptr: a thread that hangs outlives this call.
    const auto rooms = std::make_shared<Rooms>();
    rooms->found.resize(places.size());
    rooms->open = places.size();
    for (std::size_t number = 0; number < places.size(); ++number) {
        std::thread([rooms, number, path = facts.path(places.at(number)).string()] {
            const Room room = room_at(path);
            const std::lock_guard lock(rooms->mutex);
            rooms->found.at(number) = room;
            --rooms->open;
            rooms->changed.notify_all();
        }).detach();
    }
    std::unique_lock lock(rooms->mutex);
    rooms->changed.wait_until(
        lock, deadline.sooner(Deadline::in(patience)).when(), [&] { return rooms->open == 0; });
    return rooms->found;
}

struct Figures {
    std::uint64_t free = 0;
    int used = 0; // percent, as df has it
    int inodes_used = 0;
};

int percent_used(std::uint64_t all, std::uint64_t free, std::uint64_t available) {
    const std::uint64_t used = all - free;
    return used + available == 0
               ? 0
               : static_cast<int>((100 * used + used + available - 1) / (used + available));
}

Figures figures_of(const struct statvfs& status) {
    return {std::uint64_t(status.f_bavail) * status.f_frsize,
            percent_used(status.f_blocks, status.f_bfree, status.f_bavail),
            status.f_files == 0 ? 0
                                : percent_used(status.f_files, status.f_ffree, status.f_favail)};
}

std::string text_of(const std::string& place, const Figures& figures) {
    return fmt::format("{} {} % used, {} free, {} % of its inodes used",
                       place,
                       figures.used,
                       size_text(figures.free),
                       figures.inodes_used);
}

// Bottlerocket's root is read-only, and well; what is written to is elsewhere.
bool is_closed(const std::string& place, const Room& room) {
    return place != "/" && (room.status.f_flag & ST_RDONLY) != 0;
}

std::optional<Sign> look_at(const std::string& place, const Room& room) {
    constexpr std::uint64_t nothing = 4U << 20U;
    constexpr std::uint64_t little = 1U << 30U;
    constexpr int nearly = 98;
    constexpr int mostly = 90;
    const Figures figures = figures_of(room.status);
    const std::vector seen{evidence("statvfs " + place, text_of(place, figures))};
    // A small one may be well with as little.
    if (figures.free < nothing && figures.used >= mostly && room.status.f_blocks > 0)
        return disk_full(Certainty::certain,
                         "no space left: " + text_of(place, figures),
                         seen,
                         {what_fills(place)});
    const std::string where_inodes_are = fmt::format(
        "`sudo du -x --inodes {} | sort -n | tail -n 20` shows where its files are", place);
    if (room.status.f_files > 0 && room.status.f_favail == 0)
        return disk_full(Certainty::certain,
                         "no inode left: " + text_of(place, figures),
                         seen,
                         {where_inodes_are});
    if (figures.inodes_used >= nearly)
        return disk_full(Certainty::likely,
                         "nearly no inode left: " + text_of(place, figures),
                         seen,
                         {where_inodes_are});
    if (figures.used >= nearly && figures.free < little)
        return disk_full(Certainty::likely,
                         "nearly full: " + text_of(place, figures),
                         seen,
                         {what_fills(place)});
    return std::nullopt;
}

} // namespace

std::string what_fills(const std::string& place) {
    return fmt::format("`sudo du -xah {} | sort -h | tail -n 20` shows what it is full of", place);
}

Sign disk_full(Certainty certainty,
               std::string summary,
               std::vector<Evidence> seen,
               std::vector<std::string> steps) {
    auto found =
        sign("DISK_FULL", certainty, std::move(summary), std::move(seen), std::move(steps));
    found.instead_of = 2;
    return found;
}

Sign read_only_disk(const std::string& place, const std::string& mount, std::string asked) {
    auto found = sign(
        "DISK_FULL",
        Certainty::certain,
        fmt::format("{} is read-only: nothing can be written there, however much room there is",
                    place),
        {evidence(std::move(asked), "read-only")},
        {"`dmesg | grep -iE 'remount|I/O error|EXT4-fs|XFS'` says why: the kernel makes a "
         "filesystem read-only whose disk has errors (then the volume has to be checked or "
         "replaced first); without such a line somebody has mounted it so (`grep -w ro "
         "/etc/fstab`)",
         fmt::format("`sudo mount -o remount,rw {}`, then `sudo systemctl restart docker ecs`",
                     mount)});
    found.instead_of = Sign::all_steps;
    return found;
}

std::string mount_of(std::string_view mounts, const std::string& path) {
    std::string found = "/";
    for (const std::string& line : split(mounts, '\n')) {
        const auto words = split(line, ' ');
        if (words.size() < 2) continue;
        const std::string& mount = words[1];
        const bool holds = path == mount || path.starts_with(mount + "/");
        if (holds && mount.size() >= found.size()) found = mount;
    }
    return found;
}

Look check_disk(Facts& facts, Deadline deadline) {
    const auto places = places_of(facts, deadline);
    const auto rooms = ask_all(facts, places, deadline);
    std::vector<Sign> signs;
    std::vector<std::string> texts;
    std::vector<std::string> silent;
    std::set<unsigned long> known;
    std::set<unsigned long> closed;
    for (std::size_t number = 0; number < places.size(); ++number) {
        const std::string& place = places.at(number);
        const auto& room = rooms.at(number);
        if (!room) silent.push_back(place);
        // What is not there is nobody's problem.
        if (!room || room->error != 0) continue;
        if (is_closed(place, *room) && closed.insert(room->status.f_fsid).second)
            signs.push_back(read_only_disk(
                place,
                mount_of(read_file(facts.path("/proc/self/mounts"), 1U << 20U).value_or(""), place),
                "statvfs " + place));
        // One file system is told once, by its first name.
        if (!known.insert(room->status.f_fsid).second) continue;
        texts.push_back(text_of(place, figures_of(room->status)));
        if (auto found = look_at(place, *room)) signs.push_back(std::move(*found));
    }
    if (signs.empty() && !silent.empty())
        return could_not_look(fmt::format("no answer within {} s of the file system at {}",
                                          patience.count(),
                                          join(silent, ", ")),
                              "timeout 5 df -h");
    return finding_or_healthy(std::move(signs), join(texts, "; "));
}

} // namespace squall::host
