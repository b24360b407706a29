// What a user should know of a plan before its requests are falsified.
#pragma once

#include "faults/ecs_container_http_tasks.h"

namespace squall::experiment {

// `reads_requests`: the fault reads what clients send, and TLS is beyond it.
void add_http_warnings(Plan& plan, const HttpTasks& found, bool reads_requests);

} // namespace squall::experiment
