// The families of causes, each a file beside this one.
#pragma once

#include "breaks/cause.h"

#include <vector>

namespace squall::lab::breaks {

[[nodiscard]] std::vector<Cause> agent_causes();
[[nodiscard]] std::vector<Cause> configuration_causes();
[[nodiscard]] std::vector<Cause> resource_causes();
[[nodiscard]] std::vector<Cause> identity_causes();
[[nodiscard]] std::vector<Cause> credential_causes();
[[nodiscard]] std::vector<Cause> metadata_causes();
[[nodiscard]] std::vector<Cause> init_causes();
[[nodiscard]] std::vector<Cause> network_causes();
[[nodiscard]] std::vector<Cause> vpc_causes();
[[nodiscard]] std::vector<Cause> proxy_causes();
[[nodiscard]] std::vector<Cause> trust_causes();
[[nodiscard]] std::vector<Cause> state_causes();

} // namespace squall::lab::breaks
