#include "s3/target.h"

#include "squall/base/text.h"
#include "squall/wire/sigv4.h"

#include <algorithm>
#include <array>

namespace squall::lab::s3 {
namespace {

constexpr std::string_view host_suffix = ".localhost";

// Parts of a bucket or object that S3 has and the lab has not: a call for one must not be taken for
// a call for the object itself.
constexpr std::array<std::string_view, 36> subresources{"accelerate",
                                                        "acl",
                                                        "analytics",
                                                        "attributes",
                                                        "cors",
                                                        "delete",
                                                        "encryption",
                                                        "inventory",
                                                        "intelligent-tiering",
                                                        "legal-hold",
                                                        "lifecycle",
                                                        "logging",
                                                        "metadataTable",
                                                        "metrics",
                                                        "notification",
                                                        "object-lock",
                                                        "ownershipControls",
                                                        "policy",
                                                        "policyStatus",
                                                        "publicAccessBlock",
                                                        "renameObject",
                                                        "replication",
                                                        "requestPayment",
                                                        "restore",
                                                        "retention",
                                                        "select",
                                                        "select-type",
                                                        "session",
                                                        "tagging",
                                                        "torrent",
                                                        "versionId",
                                                        "versioning",
                                                        "versions",
                                                        "website",
                                                        "metadataConfiguration",
                                                        "abac"};

tl::unexpected<wire::ServiceError> not_implemented() {
    return refuse("NotImplemented",
                  "A header or query you provided requested a function that is not implemented.",
                  501);
}

tl::unexpected<wire::ServiceError> not_allowed() {
    return refuse(
        "MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
}

std::string bucket_of_host(std::string_view host) {
    host = host.substr(0, host.rfind(':'));
    if (!host.ends_with(host_suffix)) return {};
    return std::string(host.substr(0, host.size() - host_suffix.size()));
}

Result<std::string, wire::ServiceError> operation_on_bucket(const std::string& method,
                                                            const wire::QueryParameters& query) {
    if (query.has("uploads")) return not_implemented();
    if (method == "PUT") return "CreateBucket";
    if (method == "DELETE") return "DeleteBucket";
    if (method == "HEAD") return "HeadBucket";
    if (method != "GET") return not_allowed();
    if (query.has("location")) return "GetBucketLocation";
    // The list of the first generation is what S3 keeps for old clients only.
    if (query.get("list-type") != "2") return not_implemented();
    return "ListObjectsV2";
}

Result<std::string, wire::ServiceError> operation_on_object(const wire::HttpRequest& request,
                                                            const wire::QueryParameters& query) {
    const bool is_part = query.has("uploadId");
    if (request.method == "GET" && !is_part) return "GetObject";
    if (request.method == "HEAD") return "HeadObject";
    if (request.method == "DELETE") return is_part ? "AbortMultipartUpload" : "DeleteObject";
    if (request.method == "PUT") {
        if (wire::has_header(request.headers, "x-amz-copy-source")) return not_implemented();
        return is_part ? "UploadPart" : "PutObject";
    }
    if (request.method == "POST" && query.has("uploads")) return "CreateMultipartUpload";
    if (request.method == "POST" && is_part) return "CompleteMultipartUpload";
    return request.method == "GET" ? not_implemented() : not_allowed();
}

} // namespace

bool is_for_s3(const wire::HttpRequest& request) {
    const auto [path, query] = split_once(request.target, '?');
    const std::string_view header = wire::header_value(request.headers, "Authorization");
    if (!header.empty()) {
        const auto authorization = wire::parse_authorization(header);
        return authorization ? authorization->scope.service == "s3" : request.method != "POST";
    }
    // Nobody's GET / is somebody who looks what this is.
    return request.method != "POST" && (path != "/" || !query.empty() || request.method != "GET");
}

Result<Target, wire::ServiceError> target_of(const wire::HttpRequest& request) {
    const auto [path, query] = split_once(request.target, '?');
    auto parameters = wire::QueryParameters::parse(query);
    if (!parameters || !path.starts_with('/'))
        return refuse("InvalidURI", "Couldn't parse the specified URI.", 400);
    Target target{{}, bucket_of_host(wire::header_value(request.headers, "Host")), {}, *parameters};
    std::string_view rest = path.substr(1);
    if (target.bucket.empty()) {
        const auto [bucket, key] = split_once(rest, '/');
        target.bucket = wire::percent_decoded(bucket, /*plus_is_space=*/false);
        rest = key;
    }
    target.key = wire::percent_decoded(rest, /*plus_is_space=*/false);
    if (std::any_of(subresources.begin(), subresources.end(), [&](std::string_view name) {
            return parameters->has(name);
        }))
        return not_implemented();
    if (target.bucket.empty()) {
        if (request.method != "GET") return not_allowed();
        target.operation = "ListBuckets";
        return target;
    }
    auto operation = target.key.empty() ? operation_on_bucket(request.method, *parameters)
                                        : operation_on_object(request, *parameters);
    if (!operation) return fail(operation.error());
    target.operation = std::move(*operation);
    return target;
}

} // namespace squall::lab::s3
