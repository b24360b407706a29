// Everything the setup step of a container needs to know (setup.h), as one JSON text: it runs in
// another process. Pure.
#pragma once

#include "runtime/container_spec.h"

namespace squall::labhost::runtime {

struct LaunchSpec {
    std::vector<std::string> argv;
    std::vector<std::string> environment; // complete: NAME=value
    std::string hostname;
    std::string working_directory;
    RootKind root = RootKind::program;
    Path program;      // this program, as a path of the host
    Path root_folder;  // where its root filesystem is mounted, in a mount namespace of its own
    std::string hosts; // the text of /etc/hosts
    std::string resolv_conf; // the text of /etc/resolv.conf
    std::vector<BindMount> binds;
    Capabilities capabilities = 0;
    bool privileged = false;
    bool read_only_root = false;

    bool operator==(const LaunchSpec&) const = default;
};

[[nodiscard]] std::string to_text(const LaunchSpec& spec);
[[nodiscard]] Result<LaunchSpec> parse_launch_spec(std::string_view text);

// Why a container's program was not started.
struct StartFailure {
    int exit_code = 128; // what Docker notes: 127 no such program, 126 not to be run, 128 else
    std::string message; // runc's words, as far as there are some

    bool operator==(const StartFailure&) const = default;
};

[[nodiscard]] std::string to_text(const StartFailure& failure);
[[nodiscard]] StartFailure parse_start_failure(std::string_view text);

// The text of /etc/hosts: this machine's own names, those asked for ("name:address", where
// host-gateway stands for the bridge's address), and the container's own where it has an address.
[[nodiscard]] std::string hosts_text(const std::vector<std::string>& extra_hosts,
                                     const std::string& address,
                                     const std::string& hostname);

// What a container's program finds in its environment: Docker's defaults, then the container's own.
[[nodiscard]] std::vector<std::string>
complete_environment(const std::vector<std::string>& environment, const std::string& hostname);

} // namespace squall::labhost::runtime
