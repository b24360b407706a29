// reset-peer: connections end by a TCP RST.
#include "faults/ecs_container_http.h"

namespace squall::experiment {

HttpKind http_reset_peer() {
    return {
        "reset-peer",
        "resets the connections of a container's clients (TCP RST)",
        "Clients see \"connection reset by peer\", or an empty reply: RESET_TIMEOUT after their "
        "connection was accepted,\n"
        "whether they have sent anything or not. Or at a chosen moment of a request (RESET_AT), "
        "which tells idempotent\n"
        "clients from lucky ones.",
        {{.name = "RESET_TIMEOUT",
          .type = TunableSpec::Type::integer,
          .default_value = "10000",
          .meaning = "from the accept of a connection to its reset",
          .unit = "ms",
          .least = 0,
          .most = 600'000},
         {.name = "RESET_AT",
          .type = TunableSpec::Type::choice,
          .default_value = "connect",
          .meaning = "connect: RESET_TIMEOUT after the accept; request: when the application has "
                     "the whole request and begins to answer; response: in the middle of the body",
          .choices = {"connect", "request", "response"}}},
        /*reads_requests=*/false,
        {"RESET_TIMEOUT"}};
}

} // namespace squall::experiment
