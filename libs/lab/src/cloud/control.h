// What `squall lab api …` asks of a running lab, as requests on its control socket.
#pragma once

#include "cloud/cloud.h"

namespace squall::lab {

// GET /api; POST /api/break, /api/mend, /api/throttling, /api/expire, with a JSON object. 400 and
// {"error": …} when the order cannot be meant.
[[nodiscard]] wire::HttpResponse
answer_api_control(Cloud& cloud, const wire::HttpRequest& request, WallTime now);

// {"broken": […], "throttling": …}
[[nodiscard]] json::Object describe_api(Cloud& cloud, WallTime now);

} // namespace squall::lab
