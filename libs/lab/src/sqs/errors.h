// Refusals of SQS, by the names of its JSON (api/query_codes.h has those of the query protocol).
#pragma once

#include "api/call.h"

namespace squall::lab::sqs {

using Refusal = tl::unexpected<wire::ServiceError>;

[[nodiscard]] inline Refusal no_such_queue() {
    return refuse("QueueDoesNotExist", "The specified queue does not exist.");
}

[[nodiscard]] inline Refusal invalid_parameter(std::string message) {
    return refuse("InvalidParameterValueException", std::move(message));
}

[[nodiscard]] inline Refusal
invalid_parameter(std::string_view name, std::string_view value, std::string_view reason) {
    return invalid_parameter(
        fmt::format("Value {} for parameter {} is invalid. Reason: {}", value, name, reason));
}

[[nodiscard]] inline Refusal missing_parameter(std::string_view name) {
    return refuse("MissingRequiredParameterException",
                  fmt::format("The request must contain the parameter {}.", name));
}

} // namespace squall::lab::sqs
