#include "runtime/capabilities.h"

#include "squall/base/text.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include <array>
#include <optional>
#include <string_view>

namespace squall::labhost::runtime {
namespace {

// By number, from linux/capability.h.
constexpr std::array<std::string_view, 41> names{"chown",
                                                 "dac_override",
                                                 "dac_read_search",
                                                 "fowner",
                                                 "fsetid",
                                                 "kill",
                                                 "setgid",
                                                 "setuid",
                                                 "setpcap",
                                                 "linux_immutable",
                                                 "net_bind_service",
                                                 "net_broadcast",
                                                 "net_admin",
                                                 "net_raw",
                                                 "ipc_lock",
                                                 "ipc_owner",
                                                 "sys_module",
                                                 "sys_rawio",
                                                 "sys_chroot",
                                                 "sys_ptrace",
                                                 "sys_pacct",
                                                 "sys_admin",
                                                 "sys_boot",
                                                 "sys_nice",
                                                 "sys_resource",
                                                 "sys_time",
                                                 "sys_tty_config",
                                                 "mknod",
                                                 "lease",
                                                 "audit_write",
                                                 "audit_control",
                                                 "setfcap",
                                                 "mac_override",
                                                 "mac_admin",
                                                 "syslog",
                                                 "wake_alarm",
                                                 "block_suspend",
                                                 "audit_read",
                                                 "perfmon",
                                                 "bpf",
                                                 "checkpoint_restore"};

constexpr Capabilities bit(unsigned number) { return Capabilities{1} << number; }

// What Docker leaves a container that asks for nothing.
constexpr Capabilities docker_default =
    bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) | bit(CAP_KILL)
    | bit(CAP_SETGID) | bit(CAP_SETUID) | bit(CAP_SETPCAP) | bit(CAP_NET_BIND_SERVICE)
    | bit(CAP_NET_RAW) | bit(CAP_SYS_CHROOT) | bit(CAP_MKNOD) | bit(CAP_AUDIT_WRITE)
    | bit(CAP_SETFCAP);

std::optional<Capabilities> bits_of(std::string_view text) {
    const std::string lowered = lower(text);
    std::string_view name = lowered;
    if (name == "all") return all_capabilities;
    if (name.starts_with("cap_")) name.remove_prefix(4);
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return bit(static_cast<unsigned>(i));
    }
    return std::nullopt;
}

Result<Capabilities> bits_of_all(const std::vector<std::string>& list, std::string_view field) {
    Capabilities bits = 0;
    for (const auto& name : list) {
        const auto found = bits_of(name);
        if (!found) {
            return fail(Errc::invalid_input, "invalid {}: unknown capability: \"{}\"", field, name);
        }
        bits |= *found;
    }
    return bits;
}

} // namespace

Result<Capabilities> container_capabilities(const std::vector<std::string>& add,
                                            const std::vector<std::string>& drop) {
    const auto added = bits_of_all(add, "CapAdd");
    if (!added) return fail(added.error());
    const auto dropped = bits_of_all(drop, "CapDrop");
    if (!dropped) return fail(dropped.error());
    // Docker's order: "all but these", then "none but these", then its own set with changes.
    if (*added == all_capabilities)
        return *dropped == all_capabilities ? all_capabilities : ~*dropped;
    if (*dropped == all_capabilities) return *added;
    return (docker_default & ~*dropped) | *added;
}

void keep_only(Capabilities kept) {
    constexpr unsigned long capability_max = 63;
    for (unsigned long number = 0; number <= capability_max; ++number) {
        // Past the kernel's last one this fails, and there is nothing to drop.
        if ((kept >> number & 1U) == 0) ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
    }
}

} // namespace squall::labhost::runtime
