#include "namespace_rights.h"

#include "squall/base/text.h"
#include "squall/labhost/rootfs.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace squall::lab {
namespace {

constexpr std::size_t setting_max = 64;

struct Refusal {
    RightsStep step;
    int number;
};

std::optional<std::int64_t> setting(const Path& file) {
    const auto text = read_file(file, setting_max);
    return text ? to_integer(trimmed(*text)) : std::nullopt;
}

bool has_rights() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::geteuid() != 0 || ::syscall(SYS_capget, &header, sets.data()) != 0) return false;
    constexpr std::uint32_t wanted = 1U << CAP_SYS_ADMIN | 1U << CAP_NET_ADMIN;
    return (sets[0].effective & wanted) == wanted;
}

bool write_text(const char* file, const std::string& text) {
    const Fd fd(::open(file, O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<Refusal> enter_user_namespace() {
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    if (::unshare(CLONE_NEWUSER) != 0) return Refusal{RightsStep::user_namespace, errno};
    // Groups can be mapped only by who cannot shed any: one may also stand for less access.
    if (!write_text("/proc/self/setgroups", "deny")
        || !write_text("/proc/self/uid_map", fmt::format("0 {} 1\n", user))
        || !write_text("/proc/self/gid_map", fmt::format("0 {} 1\n", group)))
        return Refusal{RightsStep::identity, errno};
    return std::nullopt;
}

// In a child: what a host of the lab begins with. Says what is refused, or nothing.
[[noreturn]] void begin_as_host(const Fd& report) {
    const auto refused = [&](RightsStep step) {
        const Refusal refusal{step, errno};
        [[maybe_unused]] const ssize_t ignored = ::write(report.get(), &refusal, sizeof refusal);
        ::_exit(1);
    };
    if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) != 0)
        refused(RightsStep::namespaces);
    // Only a child of ours is in the new PID namespace.
    const pid_t first = ::fork();
    if (first < 0) refused(RightsStep::namespaces);
    const unsigned long flags = labhost::proc_mount_flags();
    if (first == 0 && ::mount("proc", "/proc", "proc", flags, nullptr) != 0)
        refused(RightsStep::proc);
    if (first > 0) ::waitpid(first, nullptr, 0);
    ::_exit(0);
}

std::optional<Refusal> try_as_host() {
    auto report = make_pipe();
    const pid_t child = report ? ::fork() : -1;
    if (child < 0) return Refusal{RightsStep::namespaces, errno};
    if (child == 0) begin_as_host(report->write_end);
    report->write_end.reset();
    Refusal refusal{};
    ssize_t got = 0;
    do
        got = ::read(report->read_end.get(), &refusal, sizeof refusal);
    while (got < 0 && errno == EINTR);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (got != sizeof refusal) return std::nullopt;
    return refusal;
}

std::string_view tried(RightsStep step) {
    switch (step) {
    case RightsStep::user_namespace:
        return "making a user namespace";
    case RightsStep::identity:
        return "becoming its root";
    case RightsStep::namespaces:
        return "making the namespaces of a host";
    case RightsStep::proc:
        return "mounting a host's /proc";
    }
    return "";
}

constexpr std::string_view apparmor_reason =
    "AppArmor forbids it here, as kernel.apparmor_restrict_unprivileged_userns is 1; allow it with "
    "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or for squall alone with a "
    "profile (docs/rootless.md)";
constexpr std::string_view container_reason =
    "inside a container, start that one with `--privileged`; in a chroot, leave it";

std::string reason(RightsStep step, int number, const NamespaceSettings& settings) {
    if (step == RightsStep::user_namespace && settings.unprivileged_userns_clone == 0)
        return "kernel.unprivileged_userns_clone is 0 here; allow it with "
               "`sudo sysctl -w kernel.unprivileged_userns_clone=1`";
    if (step == RightsStep::user_namespace && settings.user_namespaces_max == 0)
        return "user.max_user_namespaces is 0 here; allow some with "
               "`sudo sysctl -w user.max_user_namespaces=15000`";
    if (number == ENOSPC || number == EUSERS)
        return "all that the settings user.max_*_namespaces allow are in use; raise them "
               "(`sysctl user` shows them)";
    // AppArmor lets the namespace be made, and then its root do nothing: but for the first step and
    // the last, where EPERM is also a container's filter, and the kernel's own word on its /proc.
    const bool apparmor = settings.apparmor_restricts.value_or(0) != 0;
    const bool is_first = step == RightsStep::user_namespace;
    if (apparmor && (number == EACCES || (!is_first && step != RightsStep::proc)))
        return std::string(apparmor_reason);
    if (apparmor && is_first && number == EPERM)
        return fmt::format("{}; or {}", container_reason, apparmor_reason);
    if (step == RightsStep::proc && number == EPERM)
        return "parts of /proc are hidden here, as they are inside a container; start that one "
               "with `--privileged`";
    if (number == EINVAL || number == ENOSYS)
        return "this kernel was built without it (CONFIG_USER_NS)";
    if (number == EACCES)
        return "a security module (SELinux, AppArmor) forbids it; the machine's audit log names "
               "the rule";
    return std::string(container_reason);
}

} // namespace

NamespaceSettings NamespaceSettings::read(const Path& folder) {
    return {setting(folder / "kernel/unprivileged_userns_clone"),
            setting(folder / "kernel/apparmor_restrict_unprivileged_userns"),
            setting(folder / "user/max_user_namespaces")};
}

std::string why_refused(RightsStep step, int number, const NamespaceSettings& settings) {
    return fmt::format(
        "{}: {}: {}", tried(step), errno_text(number), reason(step, number, settings));
}

Result<void> take_namespace_rights() {
    if (has_rights()) return {};
    const bool is_ordinary = ::geteuid() != 0;
    const auto settings = NamespaceSettings::read();
    auto refusal = enter_user_namespace();
    if (!refusal) refusal = try_as_host();
    if (!refusal) return {};
    return fail(Errc::denied,
                "a lab needs namespaces of its own, and {} cannot have them here: {}{}",
                is_ordinary ? "an ordinary user"
                            : "this root, who lacks CAP_SYS_ADMIN or "
                              "CAP_NET_ADMIN,",
                why_refused(refusal->step, refusal->number, settings),
                is_ordinary ? "; or run it with sudo" : "");
}

} // namespace squall::lab
