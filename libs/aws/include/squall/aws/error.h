// Why a call to AWS did not succeed, with everything an operator needs to act on it.
#pragma once

#include "squall/base/result.h"

#include <string>

namespace squall::aws {

struct ApiError {
    std::string code; // AWS's own: AccessDeniedException, ThrottlingException, …; empty when AWS
                      // did not answer
    std::string message;      // AWS's own text, or why there was no answer
    std::string request_id;   // x-amzn-RequestId, for a support case
    int status = 0;           // HTTP; 0 when AWS did not answer
    std::string operation;    // "ecs:DescribeContainerInstances", in the words of IAM
    std::string principal;    // who was refused (ARN), where AWS says it
    std::string resource;     // on what, where AWS says it
    Errc kind = Errc::failed; // denied, unavailable, timed_out, interrupted, not_found,
                              // invalid_input, failed
};

template <class T>
using Outcome = Result<T, ApiError>;

// One line: operation, code, message, request id.
[[nodiscard]] Error to_error(const ApiError& error);

} // namespace squall::aws
