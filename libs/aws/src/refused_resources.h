// What a statement should name, so that it allows a call that was refused.
#pragma once

#include "refused_call.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::aws {

// The action of IAM that decides about an operation ("ecs:ListTasks"): mostly its own name.
[[nodiscard]] std::string action_of(ServiceId id, std::string_view operation);

// The resources that a statement should name so that the whole call is allowed, and the next ones
// like it: AWS's refusal names only the first that it met. Empty: what AWS named.
[[nodiscard]] std::vector<std::string> needed_resources(const ApiError& error,
                                                        const RefusedCall& call);

} // namespace squall::aws
