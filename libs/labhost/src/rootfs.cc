#include "squall/labhost/rootfs.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace squall::labhost {
namespace {

constexpr std::array machine_program_folders{"bin", "sbin", "lib", "lib32", "lib64", "libx32"};
constexpr std::array device_nodes{"null", "zero", "full", "random", "urandom", "tty"};

tl::unexpected<Error> system_error(std::string_view doing, const Path& path) {
    const int number = errno;
    return fail(number == ENOENT ? Errc::not_found : Errc::failed,
                "{} {}: {}",
                doing,
                path.string(),
                errno_text(number));
}

// How the kernel is told of a place that is already open.
std::string by_descriptor(const Fd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

Path without_slash(const Path& path) { return path.lexically_normal().relative_path(); }

// What a mount may not lose when it is changed in a user namespace.
unsigned long locked_flags(const Fd& place) {
    struct statvfs info {};

    if (::fstatvfs(place.get(), &info) != 0) return 0;
    unsigned long flags = 0;
    if ((info.f_flag & ST_NOSUID) != 0) flags |= MS_NOSUID;
    if ((info.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
    if ((info.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
    if ((info.f_flag & ST_NODIRATIME) != 0) flags |= MS_NODIRATIME;
    if ((info.f_flag & ST_NOATIME) != 0) flags |= MS_NOATIME;
    if ((info.f_flag & ST_RELATIME) != 0) flags |= MS_RELATIME;
    return flags;
}

bool is_same_place(const Fd& a, const Fd& b) {
    struct statx first {};

    struct statx second {};

    constexpr unsigned wanted = STATX_INO | STATX_MNT_ID;
    return ::statx(a.get(), "", AT_EMPTY_PATH, wanted, &first) == 0
           && ::statx(b.get(), "", AT_EMPTY_PATH, wanted, &second) == 0
           && first.stx_ino == second.stx_ino && first.stx_mnt_id == second.stx_mnt_id;
}

Fd open_root() { return Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)); }

// Makes a copy of the tree below `root` the root of this mount namespace.
Result<void> become_root(const Fd& root) {
    constexpr unsigned copied = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
    const Fd tree(::open_tree(root.get(), "", copied));
    if (!tree) return system_error("copying the mounts below", "/");
    if (::move_mount(tree.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0
        || ::fchdir(tree.get()) != 0)
        return system_error("mounting a root of its own at", "/");
    if (::syscall(SYS_pivot_root, ".", ".") == 0) {
        if (::umount2(".", MNT_DETACH) != 0) return system_error("leaving the old root of", "/");
    } else if (::chroot(".") != 0) {
        // A machine that still runs on its initramfs has no root that could be exchanged.
        return system_error("entering", "/");
    }
    return {};
}

} // namespace

Result<void> make_mounts_private() {
    // In a chroot "/" need be no mount at all, and whoever joins this namespace later would come
    // out at the machine's root: so the namespace's own root is gone to first.
    const Fd root = open_root();
    const Fd folder(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root || !folder) return system_error("opening", "/");
    const Fd own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    if (!own || ::setns(own.get(), CLONE_NEWNS) != 0)
        return system_error("joining its own mounts by", "/proc/self/ns/mnt");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return system_error("making the mounts private below", "/");
    if (!is_same_place(root, open_root())) return become_root(root);
    if (::fchdir(folder.get()) != 0) return system_error("going back to", ".");
    return {};
}

unsigned long proc_mount_flags() {
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

    struct statvfs info {};

    if (::statvfs("/proc", &info) != 0) return flags;
    if ((info.f_flag & ST_NODIRATIME) != 0) flags |= MS_NODIRATIME;
    if ((info.f_flag & ST_NOATIME) != 0) return flags | MS_NOATIME;
    return (info.f_flag & ST_RELATIME) != 0 ? flags : flags | MS_STRICTATIME;
}

Result<bool> needs_loader(const Path& program) {
    const Fd fd(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
    Elf64_Ehdr head{};
    if (!fd || ::pread(fd.get(), &head, sizeof head, 0) != ssize_t{sizeof head})
        return system_error("reading", program);
    if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
        return fail(Errc::invalid_input, "{} is no 64-bit program", program.string());
    for (unsigned i = 0; i < head.e_phnum; ++i) {
        Elf64_Phdr segment{};
        const auto offset = head.e_phoff + i * sizeof segment;
        if (::pread(fd.get(), &segment, sizeof segment, static_cast<off_t>(offset))
            != ssize_t{sizeof segment})
            return fail(Errc::invalid_input, "{} is cut off", program.string());
        if (segment.p_type == PT_INTERP) return true;
    }
    return false;
}

Result<RootTree> RootTree::mount_at(const Path& folder, std::size_t size_max) {
    if (auto made = make_directories(folder); !made) return fail(made.error());
    const std::string options = fmt::format("size={},mode=755", size_max);
    if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID, options.c_str()) != 0)
        return system_error("mounting a tmpfs at", folder);
    Fd root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) return system_error("opening", folder);
    return RootTree(folder, std::move(root));
}

Result<Fd> RootTree::open_inside(const Path& path, int flags) const {
    const Path relative = without_slash(path);
    open_how how{};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_IN_ROOT;
    Fd fd(static_cast<int>(::syscall(
        SYS_openat2, root_.get(), relative.empty() ? "." : relative.c_str(), &how, sizeof how)));
    if (!fd) return system_error("opening inside the root filesystem", path);
    return fd;
}

Result<Fd> RootTree::folder_inside(const Path& path, mode_t mode) {
    auto folder = open_inside("/", O_PATH | O_DIRECTORY);
    Path reached;
    for (const auto& name : without_slash(path)) {
        if (!folder) return folder;
        if (name.empty()) continue;
        reached /= name;
        auto next = open_inside(reached, O_PATH | O_DIRECTORY);
        if (!next && next.error().code == Errc::not_found) {
            if (::mkdirat(folder->get(), name.c_str(), mode) != 0)
                return system_error("making inside the root filesystem", path);
            // Whatever umask this process has.
            ::fchmodat(folder->get(), name.c_str(), mode, 0);
            next = open_inside(reached, O_PATH | O_DIRECTORY);
        }
        folder = std::move(next);
    }
    return folder;
}

Result<void> RootTree::make_directory(const Path& path, mode_t mode) {
    const auto folder = folder_inside(path, mode);
    if (!folder) return fail(folder.error());
    return {};
}

Result<void> RootTree::write_file(const Path& path, std::string_view text, mode_t mode) {
    const auto folder = folder_inside(path.parent_path(), 0755);
    if (!folder) return fail(folder.error());
    const std::string name = path.filename();
    ::unlinkat(folder->get(), name.c_str(), 0);
    const Fd fd(::openat(
        folder->get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return system_error("writing inside the root filesystem", path);
    ::fchmod(fd.get(), mode);
    while (!text.empty()) {
        const ssize_t written = ::write(fd.get(), text.data(), text.size());
        if (written < 0) return system_error("writing inside the root filesystem", path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> RootTree::make_link(const Path& path, const Path& target) {
    const auto folder = folder_inside(path.parent_path(), 0755);
    if (!folder) return fail(folder.error());
    if (::symlinkat(target.c_str(), folder->get(), path.filename().c_str()) != 0)
        return system_error("making the link", path);
    return {};
}

// A folder for a folder, an empty file for everything else.
Result<Fd> RootTree::mount_point(const Path& source, const Path& path) {
    struct stat info {};

    if (::stat(source.c_str(), &info) != 0) return system_error("looking at", source);
    if (S_ISDIR(info.st_mode)) return folder_inside(path, 0755);
    auto place = open_inside(path, O_PATH);
    if (place || place.error().code != Errc::not_found) return place;
    if (auto written = write_file(path, {}); !written) return fail(written.error());
    return open_inside(path, O_PATH);
}

Result<void> RootTree::bind(const Path& source, const Path& path, Access access) {
    const auto place = mount_point(source, path);
    if (!place) return fail(place.error());
    const std::string at = by_descriptor(*place);
    if (::mount(source.c_str(), at.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
        return system_error("binding " + source.string() + " to", path);
    if (access == Access::read_write) return {};
    // Opened again: the descriptor from before is of what lies under the new mount.
    const auto mounted = open_inside(path, O_PATH);
    if (!mounted) return fail(mounted.error());
    mount_attr read_only{};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    constexpr unsigned all_below = AT_EMPTY_PATH | AT_RECURSIVE;
    if (::mount_setattr(mounted->get(), "", all_below, &read_only, sizeof read_only) == 0)
        return {};
    if (errno != ENOSYS) return system_error("making read-only", path);
    // Before Linux 5.12 only the mount itself.
    const unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | locked_flags(*mounted);
    if (::mount(nullptr, by_descriptor(*mounted).c_str(), nullptr, flags, nullptr) != 0)
        return system_error("making read-only", path);
    return {};
}

Result<void> RootTree::bind_if_there(const Path& source, const Path& path, Access access) {
    std::error_code ignored;
    if (!std::filesystem::exists(source, ignored)) return {};
    return bind(source, path, access);
}

Result<void> RootTree::mount_empty(const Path& path, std::size_t size_max) {
    const auto place = folder_inside(path, 0755);
    if (!place) return fail(place.error());
    const std::string options = fmt::format("size={},mode=755", size_max);
    if (::mount("tmpfs", by_descriptor(*place).c_str(), "tmpfs", MS_NOSUID, options.c_str()) != 0)
        return system_error("mounting a tmpfs at", path);
    return {};
}

Result<void> RootTree::bind_machine_programs(bool has_sbin) {
    if (auto bound = bind("/usr", "/usr", Access::read_only); !bound) return bound;
    for (const char* name : machine_program_folders) {
        const Path path = Path("/") / name;
        if (path == "/sbin" && !has_sbin) continue;
        std::error_code error;
        const Path target = std::filesystem::read_symlink(path, error);
        auto made = error ? bind_if_there(path, path, Access::read_only) : make_link(path, target);
        if (!made) return made;
    }
    return {};
}

Result<void> RootTree::mount_proc() {
    const auto place = folder_inside("/proc", 0555);
    if (!place) return fail(place.error());
    if (::mount("proc", by_descriptor(*place).c_str(), "proc", proc_mount_flags(), nullptr) != 0)
        return system_error("mounting", "/proc");
    return {};
}

Result<void> RootTree::mask_machine_controls(Network network) {
    for (const char* hidden : {"/proc/kcore", "/proc/keys", "/proc/timer_list"}) {
        if (!open_inside(hidden, O_PATH)) continue;
        if (auto bound = bind("/dev/null", hidden, Access::read_only); !bound) return bound;
    }
    for (const char* fixed : {"/proc/bus", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}) {
        const auto inside = open_inside(fixed, O_PATH);
        if (!inside) continue;
        // The tree's own file over itself: of its own PID and network namespaces.
        if (auto bound = bind(by_descriptor(*inside), fixed, Access::read_only); !bound)
            return bound;
    }
    if (network == Network::read_only) return {};
    const auto settings = open_inside("/proc/sys/net", O_PATH);
    if (!settings) return fail(settings.error());
    if (auto bound = bind(by_descriptor(*settings), "/proc/sys/net", Access::read_write); !bound)
        return bound;
    const auto mounted = open_inside("/proc/sys/net", O_PATH);
    if (!mounted) return fail(mounted.error());
    const unsigned long flags = MS_BIND | MS_REMOUNT | locked_flags(*mounted);
    if (::mount(nullptr, by_descriptor(*mounted).c_str(), nullptr, flags, nullptr) != 0)
        return system_error("making writable", "/proc/sys/net");
    return {};
}

Result<void> RootTree::mount_devices() {
    const auto dev = folder_inside("/dev", 0755);
    if (!dev) return fail(dev.error());
    if (::mount("tmpfs", by_descriptor(*dev).c_str(), "tmpfs", MS_NOSUID, "mode=755,size=65536k")
        != 0)
        return system_error("mounting", "/dev");
    for (const char* node : device_nodes) {
        const Path path = Path("/dev") / node;
        if (auto bound = bind(path, path, Access::read_write); !bound) return bound;
    }
    const auto pts = folder_inside("/dev/pts", 0755);
    const auto shm = folder_inside("/dev/shm", 01777);
    if (!pts || !shm) return fail(pts ? shm.error() : pts.error());
    const unsigned long flags = MS_NOSUID | MS_NOEXEC;
    if (::mount("devpts",
                by_descriptor(*pts).c_str(),
                "devpts",
                flags,
                "newinstance,ptmxmode=0666,mode=0620")
        != 0)
        return system_error("mounting", "/dev/pts");
    if (::mount("tmpfs",
                by_descriptor(*shm).c_str(),
                "tmpfs",
                flags | MS_NODEV,
                "mode=1777,size=65536k")
        != 0)
        return system_error("mounting", "/dev/shm");
    for (const auto& [name, target] : {std::pair("/dev/ptmx", "pts/ptmx"),
                                       std::pair("/dev/fd", "/proc/self/fd"),
                                       std::pair("/dev/stdin", "/proc/self/fd/0"),
                                       std::pair("/dev/stdout", "/proc/self/fd/1"),
                                       std::pair("/dev/stderr", "/proc/self/fd/2")}) {
        if (auto made = make_link(name, target); !made) return made;
    }
    return {};
}

Result<void> RootTree::enter() && {
    if (::fchdir(root_.get()) != 0) return system_error("entering", folder_);
    root_.reset();
    // The old root is stacked under the new one, and taken away from there.
    if (::syscall(SYS_pivot_root, ".", ".") == 0) {
        if (::umount2(".", MNT_DETACH) != 0)
            return system_error("leaving the old root of", folder_);
    } else if (errno == EINVAL) {
        if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0)
            return system_error("moving over the root", folder_);
        if (::chroot(".") != 0) return system_error("entering", folder_);
    } else {
        return system_error("making it the root:", folder_);
    }
    if (::chdir("/") != 0) return system_error("entering", "/");
    return {};
}

} // namespace squall::labhost
