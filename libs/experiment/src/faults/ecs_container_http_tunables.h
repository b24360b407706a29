// What can be set of every fault on a container's HTTP traffic, and what of it the helper is told.
#pragma once

#include "squall/experiment/tunable.h"

#include <cstdint>
#include <string>
#include <vector>

namespace squall::experiment {

// With those of the kind.
[[nodiscard]] std::vector<TunableSpec> http_tunables(const std::vector<TunableSpec>& of_kind);

// TARGET_SERVICE_PORT: the first one says which container is meant.
[[nodiscard]] std::vector<std::int64_t> target_ports(const TunableValues& values);

// Which requests are meant: the helper knows these by the same names, with any fault.
[[nodiscard]] const std::vector<std::string>& http_match_names();

} // namespace squall::experiment
