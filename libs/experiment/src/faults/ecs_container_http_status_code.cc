// status-code: another status than the application's.
#include "faults/ecs_container_http.h"

namespace squall::experiment {

HttpKind http_status_code() {
    return {
        "status-code",
        "answers a container's requests with a status of your choice",
        "With MODIFY_RESPONSE_BODY=true the proxy answers by itself, with a body that says so, and "
        "the application never\n"
        "sees the request. With false the application is asked, and its own answer comes back "
        "under the other status.",
        {{.name = "STATUS_CODE",
          .type = TunableSpec::Type::integer,
          .default_value = "503",
          .meaning = "the status that clients get",
          .least = 200,
          .most = 599},
         {.name = "MODIFY_RESPONSE_BODY",
          .type = TunableSpec::Type::choice,
          .default_value = "true",
          .meaning = "true: the application is not asked; false: its answer gets the status",
          .choices = {"true", "false"}},
         {.name = "RETRY_AFTER",
          .meaning = "seconds in a Retry-After header, of 429, 503 and 3xx",
          .pattern = "[0-9]{1,5}",
          .pattern_meaning = "a number of seconds up to 86400"},
         {.name = "LOCATION",
          .meaning = "a Location header, of 201 and 3xx",
          .pattern = "[!-~]{1,2000}",
          .pattern_meaning = "a URL without blanks",
          .in_environment = false}}};
}

} // namespace squall::experiment
