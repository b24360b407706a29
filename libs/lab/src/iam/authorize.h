// Whether a caller may do what it asks for, and what AWS says when it may not.
#pragma once

#include "iam/directory.h"

namespace squall::lab::iam {

struct Verdict {
    Decision decision = Decision::implicit_deny;
    std::string denied_by; // the ARN of the managed policy with the explicit deny, if it is in one
};

// What is known of a call, for the conditions of policies.
[[nodiscard]] Context context_of(const Directory& directory, const ApiCall& call);

// By the policies of the caller alone.
[[nodiscard]] Verdict decide(const Directory& directory,
                             const Principal& caller,
                             const AccessRequest& request,
                             const Context& context);

// " because no identity-based policy allows the ecs:ListClusters action", or the other reason.
[[nodiscard]] std::string reason_text(const Verdict& verdict, std::string_view action);

// The refusal of a call in its service's own form; nothing when it is allowed, or when somebody
// else asks for the permission (AssumeRole). A call for several resources is refused for the first
// that is not allowed.
[[nodiscard]] std::optional<wire::ServiceError> refusal(const Directory& directory,
                                                        const ApiCall& call);

// How far a role's trust policy lets a caller take the role.
enum class Trust {
    nobody,
    account, // the caller's account is trusted: its own policies must allow it too
    by_name, // the caller itself is named: that is enough within an account
    denied,
};

[[nodiscard]] Trust trust_in(const Directory& directory,
                             const Policy& trust,
                             const Principal& caller,
                             const Context& context);
// A token of any identity provider that the trust policy names; the lab does not look into tokens.
[[nodiscard]] bool trusts_web_identity(const Policy& trust, const Context& context);

} // namespace squall::lab::iam
