// What runs inside a lab host: the small init and its tools, the container runtime, the agents, the
// demo service. They are the same binary as everything else, started under a role's name.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost {

// True if this program was started as one of a host's tools (a link named systemctl, systemd-run,
// journalctl, sudo).
[[nodiscard]] bool is_tool_name(const std::string& program);

// Runs a role or tool to its end and returns the exit code. `arguments` begin after the role's
// name.
[[nodiscard]] int run_role(const std::string& role, const std::vector<std::string>& arguments);

} // namespace squall::labhost
