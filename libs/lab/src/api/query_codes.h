// The errors of services that spoke the query protocol before they spoke JSON (awsQueryCompatible):
// the JSON has the name of the error's shape, and old clients know another.
#pragma once

#include "api/call.h"

namespace squall::lab {

// The error as the query protocol has it. As it is where the two are the same.
[[nodiscard]] wire::ServiceError query_error(std::string_view service,
                                             const wire::ServiceError& error);

// The whole answer of such a service's JSON: both names, of which a client takes the one it knows.
// As wire::error_response() for other services and protocols.
[[nodiscard]] wire::HttpResponse error_response_of(std::string_view service,
                                                   wire::Protocol protocol,
                                                   const wire::ServiceError& error,
                                                   std::string_view request_id);

} // namespace squall::lab
