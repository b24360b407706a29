// Is there an ECS agent on this machine at all? On a workstation everything else would look wrong.
#include "checks/checks.h"

#include <algorithm>
#include <array>

namespace squall::host {
namespace {

// What an agent has or leaves, whoever installed it.
constexpr std::array traces{"/etc/ecs",
                            "/var/log/ecs",
                            "/var/lib/ecs",
                            "/var/cache/ecs",
                            "/usr/libexec/amazon-ecs-init",
                            "/usr/lib/systemd/system/ecs.service",
                            "/etc/systemd/system/ecs.service",
                            "/etc/systemd/system/amazon-ecs.service",
                            "/etc/init/ecs.conf"};

// What cannot be looked at may be there.
bool may_be_there(const Path& path) {
    std::error_code error;
    const auto state = std::filesystem::symlink_status(path, error).type();
    return state != std::filesystem::file_type::not_found;
}

} // namespace

Look check_presence(Facts& facts, Deadline deadline) {
    const auto* const trace = std::find_if(traces.begin(), traces.end(), [&](const char* each) {
        return may_be_there(facts.path(each));
    });
    if (trace != traces.end()) return healthy(fmt::format("{} is there", *trace));
    const auto* introspection = facts.introspection(deadline);
    if (introspection == nullptr || introspection->probed.answer)
        return healthy("something serves the agent's port 51678");
    const auto* docker = facts.docker(deadline);
    if (docker == nullptr || !docker->container_state().empty())
        return healthy("Docker knows a container ecs-agent, or does not answer");
    return not_here("no ECS agent is installed on this machine: there is no /etc/ecs, no "
                    "/var/log/ecs, no service ecs, no container ecs-agent");
}

} // namespace squall::host
