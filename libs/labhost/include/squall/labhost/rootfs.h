// A root filesystem under construction: an empty tmpfs that is filled with folders, files and views
// of the machine's own, and then entered. Used in a process of its own that has a mount namespace
// of its own (call make_mounts_private() first); everything mounted here is gone with that
// namespace. Needs the right to mount there, and /proc; Linux 5.6 (openat2).
//
// Paths inside the tree are absolute and are resolved inside the tree: a link that points outside
// (/etc/ssl seen through a bound /usr) leads to the tree's own /etc/ssl, never to the machine's.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/file.h"
#include "squall/base/result.h"

#include <sys/types.h>

#include <string_view>

namespace squall::labhost {

enum class Access { read_only, read_write };

// What is mounted from now on in this mount namespace is not seen in others, and the other way
// round. In a chroot, the chroot becomes the namespace's root (and the working directory). For a
// process with one thread, that shares its root with no other.
[[nodiscard]] Result<void> make_mounts_private();

// How a new /proc is mounted, as flags of mount(2). It treats access times as the one that is there
// does (noatime under WSL): in a user namespace the kernel wants that, and says EPERM else.
[[nodiscard]] unsigned long proc_mount_flags();

// True if the program needs a loader and shared libraries, so that it cannot start in a root
// filesystem that holds nothing else.
[[nodiscard]] Result<bool> needs_loader(const Path& program);

class RootTree {
public:
    // Mounts an empty tmpfs at a folder, which is made if it is missing. `size_max`: how many bytes
    // its files may hold together.
    [[nodiscard]] static Result<RootTree> mount_at(const Path& folder, std::size_t size_max);

    // With every parent; what is there already stays as it is.
    [[nodiscard]] Result<void> make_directory(const Path& path, mode_t mode = 0755);
    // Replaces what is there; missing parents are made.
    [[nodiscard]] Result<void>
    write_file(const Path& path, std::string_view text, mode_t mode = 0644);
    [[nodiscard]] Result<void> make_link(const Path& path, const Path& target);

    // Shows a file or folder of the machine at `path`, which is made if it is missing. What is
    // mounted below it comes along, and is read-only too where that is asked for.
    [[nodiscard]] Result<void> bind(const Path& source, const Path& path, Access access);
    // As bind, where the machine has it; no error where it has not.
    [[nodiscard]] Result<void> bind_if_there(const Path& source, const Path& path, Access access);
    // An empty tmpfs at `path`, which is made if it is missing; over what is there, if something
    // is.
    [[nodiscard]] Result<void> mount_empty(const Path& path, std::size_t size_max);
    // /usr read-only, and /bin, /sbin and /lib* as the machine has them (links, or folders).
    // Without `has_sbin` there is no /sbin: it can become a folder of the tree's own.
    [[nodiscard]] Result<void> bind_machine_programs(bool has_sbin = true);

    // A new /proc, of the caller's PID namespace.
    [[nodiscard]] Result<void> mount_proc();
    // Nothing below these files of /proc can be changed, or read, from inside the tree: they
    // concern the whole machine. After mount_proc(). /proc/sys/net is of the network namespace, and
    // may stay writable.
    enum class Network { read_only, writable };
    [[nodiscard]] Result<void> mask_machine_controls(Network network);
    // /dev with null, zero, full, random, urandom and tty of the machine, terminals and shared
    // memory of its own.
    [[nodiscard]] Result<void> mount_devices();

    // Makes the tree the process's root and leaves the old one behind; the working directory is /
    // afterwards. Where the current root is no mount point (inside a chroot) the tree is moved over
    // it instead.
    [[nodiscard]] Result<void> enter() &&;

private:
    RootTree(Path folder, Fd root) : folder_(std::move(folder)), root_(std::move(root)) {}

    [[nodiscard]] Result<Fd> open_inside(const Path& path, int flags) const;
    [[nodiscard]] Result<Fd> folder_inside(const Path& path, mode_t mode);
    [[nodiscard]] Result<Fd> mount_point(const Path& source, const Path& path);

    Path folder_;
    Fd root_; // the tmpfs
};

} // namespace squall::labhost
