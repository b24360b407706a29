// Orders for the agent's service and Docker's. They leave alone what another cause that is true on
// the host keeps stopped or suspended: that is known when the order is carried out, not before.
#pragma once

#include "breaks/step.h"

namespace squall::lab::breaks {

inline constexpr std::string_view agent_pid_file = "/run/ecs-agent.pid";
inline constexpr std::string_view docker_pid_file = "/run/docker.pid";

[[nodiscard]] Step stop_agent();
// As it is after a deployment or a reboot; where the unit does not come up it is no error.
[[nodiscard]] Step restart_agent();
// Whatever state Docker and the agent are in: they run in the end, unless another cause is in the
// agent's way, which is no error.
[[nodiscard]] Step start_agent();
[[nodiscard]] Step stop_docker();
[[nodiscard]] Step start_docker();
[[nodiscard]] Step restart_docker();

// What the host's shell is given; empty where there is nothing to do.
[[nodiscard]] std::string script_for(UnitOrder order, const Kept& kept);

} // namespace squall::lab::breaks
