// The ECS agent of a lab host: small, and to its control plane the same as the real one.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost {

// The role "ecs-agent". Exit codes are the real agent's: 0 after SIGTERM, 1 when it may be tried
// again, 5 when it makes no sense to.
[[nodiscard]] int ecs_agent_main(const std::vector<std::string>& arguments);

} // namespace squall::labhost
