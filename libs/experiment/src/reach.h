// Whether SSM can have a host run a script, and what would change that.
#pragma once

#include "squall/aws/ssm.h"

#include <optional>
#include <string>

namespace squall::experiment {

struct Obstacle {
    std::string why;
    std::string advice; // what would change that; may be empty
};

// Why SSM cannot have this host run a script; nothing when it can. Null: SSM does not manage it.
[[nodiscard]] std::optional<Obstacle> out_of_reach(const aws::InstanceInformation* managed);

// "Amazon Linux 2023"; empty where it is not known.
[[nodiscard]] std::string platform_of(const aws::InstanceInformation* managed);

} // namespace squall::experiment
