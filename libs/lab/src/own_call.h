// Calls that the lab makes of its own services: what a user would ask for, without signature, wire
// or policy.
#pragma once

#include "cloud/cloud.h"

#include <string>

namespace squall::lab {

// Of the lab's user, in the lab's region, now. Its parameters are the caller's to fill in.
[[nodiscard]] ApiCall own_call(Cloud& cloud, std::string service, std::string operation);

} // namespace squall::lab
