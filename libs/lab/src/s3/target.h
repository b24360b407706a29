// What an HTTP request asks of S3: bucket and key, from its path (or, virtual-hosted, from a host
// name below "localhost"), and the operation, from its method and query.
#pragma once

#include "api/call.h"

namespace squall::lab::s3 {

struct Target {
    std::string operation;
    std::string bucket;
    std::string key;
    wire::QueryParameters query;
};

// The lab has one endpoint for all services: S3's are those that are signed for it, in the header
// or in the query, and those that no other service takes (its methods; a path).
[[nodiscard]] bool is_for_s3(const wire::HttpRequest& request);

// Fails with S3's own words for what the lab does not have.
[[nodiscard]] Result<Target, wire::ServiceError> target_of(const wire::HttpRequest& request);

} // namespace squall::lab::s3
