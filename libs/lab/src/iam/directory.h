// The users, roles and managed policies of the lab's account, as they are now. IAM is one for all
// regions.
#pragma once

#include "api/call.h"
#include "iam/policy.h"

#include <set>

namespace squall::lab::iam {

struct InlinePolicy {
    std::string document; // as it was given
    Policy policy;
};

struct ManagedPolicy {
    std::string name;
    std::string arn;
    std::string document;
    Policy policy;
    WallTime created;
};

// What users and roles have in common.
struct Identity {
    std::string name;
    std::string arn;
    std::string id; // AIDA…, AROA…
    WallTime created;
    std::map<std::string, InlinePolicy, std::less<>> inline_policies; // by name
    std::set<std::string, std::less<>> attached;                      // ARNs of managed policies
};

struct Role : Identity {
    std::string trust_document;
    Policy trust;
    std::string description;
    Seconds session_max{3600};
};

class Directory {
public:
    // IAM's own quotas.
    static constexpr std::size_t users_max = 5000;
    static constexpr std::size_t roles_max = 1000;
    static constexpr std::size_t policies_max = 1500;

    // With what a lab begins with: the user `lab`, who may do everything; the roles of its hosts
    // and tasks; squall-experiment, a role that the account's users may take and that may do
    // everything.
    explicit Directory(std::string account);

    [[nodiscard]] const std::string& account() const { return account_; }

    [[nodiscard]] std::string arn(std::string_view resource) const;
    // The role whose session this principal is; empty for a user.
    [[nodiscard]] std::string role_arn_of(const Principal& principal) const;
    // Null when the user or role has been deleted.
    [[nodiscard]] const Identity* identity_of(const Principal& principal) const;

    struct Held {
        const Policy* policy = nullptr;
        std::string_view arn; // of a managed policy; empty for an inline one
    };

    // All policies of an identity; they live as long as the directory is not changed.
    [[nodiscard]] std::vector<Held> policies_of(const Identity& identity) const;

    Identity& add_user(const std::string& name, WallTime now);
    // The trust document must be a good one.
    Role& add_role(const std::string& name, const std::string& trust_document, WallTime now);

    std::map<std::string, Identity, std::less<>> users;         // by name
    std::map<std::string, Role, std::less<>> roles;             // by name
    std::map<std::string, ManagedPolicy, std::less<>> policies; // by ARN; those of AWS among them

private:
    std::string account_;
};

} // namespace squall::lab::iam
