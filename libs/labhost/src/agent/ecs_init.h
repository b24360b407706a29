// amazon-ecs-init of a lab host: what the ecs unit runs. It prepares the host's routes to the task
// credentials, starts the agent, starts it again when it ends, and takes the routes away after the
// unit has stopped.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost {

// The tool "amazon-ecs-init": pre-start, start, stop, post-stop. `start` ends with 0 after a clean
// stop and with 5 when the agent said that trying again makes no sense (the unit does not restart
// it then).
[[nodiscard]] int ecs_init_main(const std::vector<std::string>& arguments);

} // namespace squall::labhost
