// The role `web`: the lab's demo service, to be deployed, load-balanced and broken.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost::web {

// Listens on every address at $PORT (8080 where that is not set): GET / (HTML, or JSON where it is
// accepted), GET /health, GET /slow?ms=N, POST /echo. Calls itself what $SERVICE_NAME and $TASK_ID
// say, or else what the ECS agent's metadata at $ECS_CONTAINER_METADATA_URI_V4 does. Ends at once
// with 0 on SIGTERM.
[[nodiscard]] int run_web(const std::vector<std::string>& arguments);

} // namespace squall::labhost::web
