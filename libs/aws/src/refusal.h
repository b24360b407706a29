// Reads what AWS writes when it refuses a call for want of permission.
#pragma once

#include "squall/aws/error.h"

#include <string_view>

namespace squall::aws {

// Fills principal, action, resource, encoded and hint of a refused call from its code and message.
// The encoded part leaves the message, which nobody can read with it.
void explain_refusal(ApiError& error);

// True where a policy forbids the call, so that allowing it elsewhere does not help.
[[nodiscard]] bool is_explicit_deny(std::string_view message);

} // namespace squall::aws
