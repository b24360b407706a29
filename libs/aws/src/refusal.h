// Reads what AWS writes when it refuses a call for want of permission, and says what would help.
#pragma once

#include "squall/aws/error.h"

#include <span>
#include <string>
#include <string_view>

namespace squall::aws {

// The kinds of policy that AWS names in a refusal.
enum class PolicyKind {
    unknown,
    identity,
    boundary,
    session,
    resource,
    trust,
    vpc_endpoint,
    service_control,
    resource_control,
};

struct Refusal {
    PolicyKind by = PolicyKind::unknown;
    bool is_explicit = false; // a Deny stands there, so that allowing it elsewhere does not help
};

[[nodiscard]] Refusal refusal_in(std::string_view message);

// True where more permission would help; false for bad credentials, and for what is no refusal.
[[nodiscard]] bool lacks_permission(const ApiError& error);

// Fills principal, action, resource, encoded, hint and statement of a refused call from its code
// and message. The encoded part leaves the message, which nobody can read with it.
void explain_refusal(ApiError& error);

// Hint and statement again, where more is known than AWS said: the principal in `error`, and the
// resources that a statement should name.
void advise(ApiError& error, std::span<const std::string> resources);

// Whose policies decide for a principal, in words: "the role ops (account 123456789012)".
[[nodiscard]] std::string owner_of_policies(std::string_view principal);

} // namespace squall::aws
