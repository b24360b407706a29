// Errors that every service may give, whatever it was asked: each with its own code, text and
// status in each protocol. From the error tables of the services' API references.
#pragma once

#include "api/call.h"

namespace squall::lab {

[[nodiscard]] wire::ServiceError internal_error(std::string_view service);
[[nodiscard]] wire::ServiceError unavailable_error(std::string_view service);
[[nodiscard]] wire::ServiceError throttling_error(std::string_view service);

// Any code, as the service would send it: with the text and status that AWS gives this code, where
// they are known, else 400.
[[nodiscard]] wire::ServiceError error_of_code(std::string_view service, const std::string& code);

} // namespace squall::lab
