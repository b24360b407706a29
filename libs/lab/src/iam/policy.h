// Policy documents: read, and asked. Values only; the rules are those of the IAM User Guide,
// "Policy evaluation logic": an explicit deny wins, then an allow, and no word means no.
#pragma once

#include "iam/condition.h"

#include <span>

namespace squall::lab::iam {

enum class PolicyKind {
    identity, // says what its user or role may do: no Principal
    trust,    // says who may take a role: no Resource
    resource, // of a queue or a topic: says who may do what with which
};

// Whom a trust policy names: {"AWS": …}, {"Service": …}, {"Federated": …}, or "*".
struct PrincipalName {
    std::string type; // AWS, Service, Federated
    std::string value;
};

struct Statement {
    bool is_deny = false;
    bool is_not_action = false;
    bool is_not_resource = false;
    std::vector<std::string> actions; // lower case, with wildcards
    std::vector<std::string> resources;
    std::vector<PrincipalName> principals;
    std::vector<Condition> conditions;
};

struct Policy {
    static constexpr std::size_t document_max = 64U << 10U;

    std::vector<Statement> statements;

    // True if it allows everything, whatever is asked, and denies nothing: then nobody need look.
    [[nodiscard]] bool is_unlimited() const;
};

// The message of an error is what IAM says with MalformedPolicyDocument, or why this lab cannot
// judge by the document.
[[nodiscard]] Result<Policy> parse_policy(std::string_view document, PolicyKind kind);

struct AccessRequest {
    std::string action; // ecs:DescribeClusters
    std::string resource;
};

enum class Decision { implicit_deny, allow, explicit_deny };

// What the policy of a queue or topic says of another service that acts for `source_arn`.
[[nodiscard]] Decision decide_for_service(const Policy& policy,
                                          std::string_view service_principal,
                                          const AccessRequest& request,
                                          const Context& context);

[[nodiscard]] bool
applies(const Statement& statement, const AccessRequest& request, const Context& context);

// What one policy says. Of several, the one that says more counts: explicit_deny over allow over
// nothing.
[[nodiscard]] Decision
decide(const Policy& policy, const AccessRequest& request, const Context& context);

} // namespace squall::lab::iam
