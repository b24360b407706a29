// The program of the image amazon/amazon-ecs-pause: it does nothing, so that the network namespace
// that the containers of a task share lives as long as the task.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost::runtime {

// The role `pause`: ends with 0 at the first SIGTERM or SIGINT.
[[nodiscard]] int run_pause(const std::vector<std::string>& arguments);

} // namespace squall::labhost::runtime
