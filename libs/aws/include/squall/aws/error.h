// Why a call to AWS did not succeed, with everything an operator needs to act on it. No field ever
// holds a secret.
#pragma once

#include "squall/base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace squall::aws {

struct ApiError {
    std::string code; // AWS's own: AccessDeniedException, ThrottlingException, …; empty when AWS
                      // did not answer
    std::string message;      // AWS's own text, or why there was no answer
    std::string request_id;   // x-amzn-RequestId, for a support case
    int status = 0;           // HTTP; 0 when AWS did not answer
    std::string operation;    // "ecs:DescribeContainerInstances", in the words of IAM
    std::string principal;    // who was refused (ARN), where AWS says it, or as AWS said when asked
    std::string resource;     // on what, where AWS says it
    Errc kind = Errc::failed; // denied, unavailable, timed_out, interrupted, not_found, conflict (a
                              // condition did not hold), invalid_input, failed
    std::string action;       // what was refused, where AWS says it: one operation may need others
    std::string encoded;      // EC2's encoded explanation, for sts:DecodeAuthorizationMessage
    std::string hint;         // what to do next; empty where nobody can know
    std::string statement;    // JSON over several lines, to add where the hint says; may be empty
    // An attempt of this call was sent and not answered, or answered by a broken server: it may
    // have had its effect, whatever the last attempt was told.
    bool may_have_arrived = false;
};

template <class T>
using Outcome = Result<T, ApiError>;

// Operation, code, message, request id and hint in one line; a statement follows on its own lines.
[[nodiscard]] Error to_error(const ApiError& error);

// A failure that AWS had no part in (no network, no credentials, a stop), as the outcome of a call.
[[nodiscard]] ApiError not_answered(std::string_view operation, Error error);

// What AWS answered, read: the kind from the code and status; principal, action, resource, hint and
// statement from the text of a refusal.
[[nodiscard]] ApiError answered_error(std::string_view operation,
                                      std::string code,
                                      std::string message,
                                      int status,
                                      std::string request_id);

// The statement that would allow what `error` says was refused, as JSON; nothing when the error is
// no refusal, or when the policy that refuses is one where an Allow cannot help.
[[nodiscard]] std::optional<std::string> policy_statement(const ApiError& error);

} // namespace squall::aws
