// What makes one lab host, and how whoever makes it and the host talk while it comes up.
//
// The role "host" is started with a stream socket as file descriptor 3. Over it, one line at a
// time:
//   -> the HostSpec as JSON
//   <- "pid N"       namespaces are there; N is their first process, as the maker sees it
//   -> "network"     the interface eth0 has been put into its network namespace
//   <- "addressed"   addresses are set: what must listen inside (the metadata service) can be bound
//   now
//   -> "go"
//   <- "ready"       init listens and has begun to start the services
// "error TEXT" may come instead of any answer. The host dies when its maker does
// (PR_SET_PDEATHSIG), and everything in it, its network and its mounts die with its first process.
//
// Later its first process takes these signals:
//   SIGTERM             stops every unit, and ends: the host is gone
//   reboot_signal()     stops every unit, ends every process, and starts anew
//   power_off_signal()  the same, but between the two it says "off" and waits for reboot_signal(),
//                       with nothing that runs; its files stay
// After each new start it says "ready" again.
#pragma once

#include "squall/base/json.h"
#include "squall/wire/sigv4.h"

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace squall::labhost {

inline constexpr int host_control_fd = 3;

// systemd's numbers for poweroff.target and reboot.target are the fourth and the fifth of the
// real-time signals.
[[nodiscard]] inline int power_off_signal() { return SIGRTMIN + 4; }

[[nodiscard]] inline int reboot_signal() { return SIGRTMIN + 5; }

// Where a host keeps its journal, inside its own root: one JSON object a line, "i" who says it and
// "s" what (all of them: src/init/journal.h).
inline constexpr std::string_view journal_path = "/run/log/journal/journal.jsonl";
inline constexpr std::size_t journal_size_max = 8U << 20U;

struct HostSpec {
    std::string instance_id;
    std::string hostname;
    std::string private_ip; // of eth0
    int prefix_length = 16;
    std::string gateway;
    std::string cluster;
    std::string region;
    std::string endpoint_url;  // where the SSM agent reaches AWS's API, whatever becomes of names
    std::string name_server;   // the numeric address of the VPC's
    std::string authority_pem; // a certificate that the host trusts beside the machine's
    std::string
        mount_folder; // an empty folder of the machine, for the root filesystem while it is made

    bool has_systemd = true; // else Upstart, as Amazon Linux 1 has it
    bool has_ssm_agent = true;
    // The cgroup (a path below every hierarchy) that a real Docker Engine puts its containers into;
    // empty: tasks run on the built-in runtime.
    std::string docker_cgroup;
    // Of ECS Anywhere: its keys lie in a file, and there is no instance metadata.
    std::optional<wire::SigningCredentials> external_credentials;

    [[nodiscard]] json::Object to_json() const;
    [[nodiscard]] static Result<HostSpec> from_json(const json::Object& object);
};

} // namespace squall::labhost
