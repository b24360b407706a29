// latency: responses begin later.
#include "faults/ecs_container_http.h"

namespace squall::experiment {
namespace {

// A short delay is not told from the network's own.
constexpr Millis delay_least{20};

bool is_held(const TunableValues& values, const CanaryAnswer& answer) {
    const Millis delay(values.number("LATENCY") - values.number("JITTER"));
    return delay >= delay_least && answer.took >= delay;
}

} // namespace

HttpKind http_latency() {
    return {"latency",
            "delays a container's responses",
            "A request reaches the application at once; its response is held for LATENCY, give or "
            "take JITTER, after it came.",
            {{.name = "LATENCY",
              .type = TunableSpec::Type::integer,
              .default_value = "2000",
              .meaning = "how long a response is held",
              .unit = "ms",
              .least = 0,
              .most = 600'000},
             {.name = "JITTER",
              .type = TunableSpec::Type::integer,
              .default_value = "0",
              .meaning = "up to so much more or less, by chance; no more than LATENCY",
              .unit = "ms",
              .least = 0,
              .most = 600'000}},
            /*reads_requests=*/true,
            {"LATENCY", "JITTER"},
            is_held};
}

} // namespace squall::experiment
