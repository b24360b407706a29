// Reading parameters of an IAM call, and writing what its answers have in common.
#pragma once

#include "api/query_answer.h"
#include "iam/directory.h"

namespace squall::lab::iam {

inline constexpr std::string_view xmlns = "https://iam.amazonaws.com/doc/2010-05-08/";

[[nodiscard]] inline tl::unexpected<wire::ServiceError> no_such_entity(std::string message) {
    return refuse("NoSuchEntity", std::move(message), 404);
}

[[nodiscard]] inline tl::unexpected<wire::ServiceError> delete_conflict(std::string message) {
    return refuse("DeleteConflict", std::move(message), 409);
}

// A name of a user, role or policy: 1 to `length_max` letters, digits and +=,.@_-
[[nodiscard]] Result<std::string, wire::ServiceError>
name_of(const ApiCall& call, const char* parameter, std::size_t length_max);

// Everything has the path "/" here: another one is an error.
[[nodiscard]] std::optional<wire::ServiceError> path_problem(const ApiCall& call);

// A policy document and what it says; MalformedPolicyDocument, or LimitExceeded when it has more
// than `size_max` characters that are no white space.
struct ReadPolicy {
    std::string document;
    Policy policy;
};

[[nodiscard]] Result<ReadPolicy, wire::ServiceError>
policy_at(const ApiCall& call, const char* parameter, PolicyKind kind, std::size_t size_max);

// What IAM counts of a document.
[[nodiscard]] std::size_t policy_size(std::string_view document);

// A list of IAM: <LIST><member>…</member></LIST><IsTruncated/><Marker/>, by Marker and MaxItems.
// `write` gets each key of the page.
[[nodiscard]] Answer
list_answer(const ApiCall& call,
            std::string_view list,
            const std::vector<std::string>& keys,
            const std::function<void(wire::XmlWriter&, const std::string&)>& write);

} // namespace squall::lab::iam
