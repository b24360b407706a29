#include "api/common_errors.h"

#include <algorithm>
#include <array>

namespace squall::lab {
namespace {

struct Known {
    std::string_view code;
    std::string_view text;
    int status; // of the query protocols; the JSON ones have 400 for whatever the client did
    bool is_fault = false; // the service's own: 5xx in every protocol
};

constexpr std::array known_codes{
    Known{"InternalFailure",
          "The request processing has failed because of an unknown error, exception or failure.",
          500,
          true},
    Known{"InternalError", "An internal error has occurred", 500, true},
    Known{"NoSuchBucket", "The specified bucket does not exist", 404},
    Known{"NoSuchKey", "The specified key does not exist.", 404},
    Known{"InternalException", "This exception occurs due to unexpected causes.", 500, true},
    Known{"InternalServerError", "An error occurred on the server side.", 500, true},
    Known{"ServerException", "Service Unavailable. Please try again later.", 500, true},
    Known{"ServiceFailure", "The request processing has failed.", 500, true},
    Known{"ServiceUnavailable",
          "The request has failed due to a temporary failure of the server.",
          503,
          true},
    Known{"ServiceUnavailableException",
          "The request has failed due to a temporary failure of the server.",
          503,
          true},
    Known{"Unavailable", "The service is unavailable. Please try again shortly.", 503, true},
    Known{"SlowDown", "Please reduce your request rate.", 503, true},
    Known{"RequestLimitExceeded", "Request limit exceeded.", 503, true},
    Known{"RequestThrottled", "Rate exceeded", 403},
    Known{"Throttling", "Rate exceeded", 400},
    Known{"ThrottlingException", "Rate exceeded", 400},
    Known{"AccessDenied", "Access denied", 403},
    Known{"AccessDeniedException", "Access denied", 403},
    Known{"UnauthorizedOperation", "You are not authorized to perform this operation.", 403},
    Known{"ExpiredToken", "The security token included in the request is expired", 403},
    Known{"ExpiredTokenException", "The security token included in the request is expired", 403},
    Known{"RequestExpired", "Request has expired.", 400},
    Known{"AuthFailure", "AWS was not able to validate the provided access credentials", 401},
    Known{"InvalidClientTokenId", "The security token included in the request is invalid.", 403},
    Known{"UnrecognizedClientException",
          "The security token included in the request is invalid.",
          403},
    Known{"ClusterNotFoundException", "Cluster not found.", 400},
};

bool is_query(std::string_view service) {
    return service == "sts" || service == "iam" || service == "ec2" || service == "s3"
           || service == "elasticloadbalancing" || service == "autoscaling" || service == "sns";
}

} // namespace

wire::ServiceError error_of_code(std::string_view service, const std::string& code) {
    const auto* const known = std::find_if(
        known_codes.begin(), known_codes.end(), [&](const Known& one) { return one.code == code; });
    if (known == known_codes.end()) return {code, "This error was asked for.", 400};
    return {
        code, std::string(known->text), known->is_fault || is_query(service) ? known->status : 400};
}

wire::ServiceError internal_error(std::string_view service) {
    if (service == "ecs") return error_of_code(service, "ServerException");
    if (service == "ssm" || service == "ec2messages")
        return error_of_code(service, "InternalServerError");
    if (service == "ec2" || service == "s3") return error_of_code(service, "InternalError");
    if (service == "events") return error_of_code(service, "InternalException");
    return error_of_code(service, service == "iam" ? "ServiceFailure" : "InternalFailure");
}

wire::ServiceError unavailable_error(std::string_view service) {
    if (service == "ec2") return error_of_code(service, "Unavailable");
    return error_of_code(service,
                         is_query(service) ? "ServiceUnavailable" : "ServiceUnavailableException");
}

wire::ServiceError throttling_error(std::string_view service) {
    if (service == "ec2") return error_of_code(service, "RequestLimitExceeded");
    if (service == "s3") return error_of_code(service, "SlowDown");
    if (service == "sqs") return error_of_code(service, "RequestThrottled");
    return error_of_code(service, is_query(service) ? "Throttling" : "ThrottlingException");
}

} // namespace squall::lab
