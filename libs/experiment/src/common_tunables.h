// Settings that every fault has.
#pragma once

#include "squall/experiment/tunable.h"

namespace squall::experiment {

[[nodiscard]] TunableSpec cluster_tunable();
[[nodiscard]] TunableSpec region_tunable();
// RAMP_TIME
[[nodiscard]] TunableSpec ramp_tunable();
// ASSUME_ROLE_ARN
[[nodiscard]] TunableSpec role_tunable();
// AWS_AUTHENTICATION_SECRET: a path. What the file says is read by whoever opens the session.
[[nodiscard]] TunableSpec credentials_file_tunable();
// SEED, of what is `chosen`; 0: a new one.
[[nodiscard]] TunableSpec seed_tunable(const std::string& chosen);

[[nodiscard]] std::int64_t new_seed();

} // namespace squall::experiment
