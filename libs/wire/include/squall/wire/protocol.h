// How AWS's services say that a call failed, in each of their wire protocols: one description,
// written by a server and read by a client.
#pragma once

#include "squall/wire/http_message.h"

#include <string>
#include <string_view>

namespace squall::wire {

enum class Protocol {
    json_1_0,
    json_1_1,
    query,    // STS, SNS, IAM: form in, XML out
    ec2,      // as query, with EC2's own error shape
    rest_xml, // S3: what it asks for is in method, path and headers, XML out
};

struct ServiceError {
    std::string code; // ClusterNotFoundException, InvalidInstanceID.NotFound
    std::string message;
    int status = 400; // HTTP
};

[[nodiscard]] std::string_view content_type(Protocol protocol);

// The whole HTTP answer, request id included.
[[nodiscard]] HttpResponse
error_response(Protocol protocol, const ServiceError& error, std::string_view request_id);

struct ReadError {
    ServiceError error;
    std::string request_id;
};

// Reads any answer with a status of 300 or more. What is no AWS error (a proxy's page, an empty
// body) gets the code "HTTP 502" and the start of the body as its message.
[[nodiscard]] ReadError read_error(Protocol protocol, const HttpResponse& response);

} // namespace squall::wire
