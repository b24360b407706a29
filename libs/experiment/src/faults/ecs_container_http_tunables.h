// What can be set of every fault on a container's HTTP traffic, and what of it the helper is told.
#pragma once

#include "faults/ecs_container_http.h"
#include "squall/experiment/tunable.h"

#include <cstdint>
#include <string>
#include <vector>

namespace squall::experiment {

// With those of the kind, and of the others for WITH_FAULTS.
[[nodiscard]] std::vector<TunableSpec> http_tunables(const HttpKind& kind,
                                                     const std::vector<HttpKind>& others);

// WITH_FAULTS, and what can be set of these (ecs_container_http_kinds.cc).
[[nodiscard]] std::vector<TunableSpec> tunables_of_others(const std::vector<HttpKind>& others);

// TARGET_SERVICE_PORT: the first one says which container is meant.
[[nodiscard]] std::vector<std::int64_t> target_ports(const TunableValues& values);

// Of latency alone: nothing is held.
[[nodiscard]] bool is_no_delay(const TunableValues& values);

// Which requests are meant: the helper knows these by the same names, with any fault.
[[nodiscard]] const std::vector<std::string>& http_match_names();

} // namespace squall::experiment
