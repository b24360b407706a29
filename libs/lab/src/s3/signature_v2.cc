// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html, "Query string request
// authentication alternative".
#include "s3/signature.h"
#include "squall/base/sha1.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab::s3 {
namespace {

// The parameters that belong to what is asked for; all others are no part of the signature.
constexpr std::array<std::string_view, 11> signed_parameters{"location",
                                                             "partNumber",
                                                             "response-cache-control",
                                                             "response-content-disposition",
                                                             "response-content-encoding",
                                                             "response-content-language",
                                                             "response-content-type",
                                                             "response-expires",
                                                             "uploadId",
                                                             "uploads",
                                                             "versionId"};

std::string string_to_sign(const wire::HttpRequest& request, const wire::QueryParameters& query) {
    const auto [path, parameters] = split_once(request.target, '?');
    std::string resource(path);
    char separator = '?';
    for (const std::string_view name : signed_parameters) {
        if (!query.has(name)) continue;
        resource += separator;
        resource += name;
        if (!query.get(name).empty()) resource += fmt::format("={}", query.get(name));
        separator = '&';
    }
    // Amazon's headers, whether they come as headers or in the query.
    std::map<std::string, std::string> amazon;
    for (const auto& header : request.headers) {
        if (lower(header.name).starts_with("x-amz-"))
            amazon[lower(header.name)] = trimmed(header.value);
    }
    for (const auto& part : split(parameters, '&')) {
        const auto [name, value] = split_once(part, '=');
        if (lower(name).starts_with("x-amz-"))
            amazon[lower(name)] = wire::percent_decoded(value, /*plus_is_space=*/true);
    }
    std::string headers;
    for (const auto& [name, value] : amazon)
        headers += fmt::format("{}:{}\n", name, value);
    return fmt::format("{}\n{}\n{}\n{}\n{}{}",
                       request.method,
                       wire::header_value(request.headers, "Content-MD5"),
                       wire::header_value(request.headers, "Content-Type"),
                       query.get("Expires"),
                       headers,
                       resource);
}

} // namespace

Result<Signer, wire::ServiceError> authenticate_v2(const KeyRing& keys,
                                                   const wire::HttpRequest& request,
                                                   const std::string& default_region,
                                                   WallTime now) {
    const auto query = wire::QueryParameters::parse(split_once(request.target, '?').second);
    const auto until = query ? to_integer(query->get("Expires")) : std::nullopt;
    if (!until || query->get("Signature").empty())
        return refuse("AccessDenied",
                      "Query-string authentication requires the Signature, Expires and "
                      "AWSAccessKeyId parameters",
                      403);
    const AccessKey* key = keys.find(query->get("AWSAccessKeyId"));
    if (auto wrong = wrong_key(key, query->get("x-amz-security-token"), now))
        return fail(std::move(*wrong));
    if (*until < std::chrono::duration_cast<Seconds>(now.time_since_epoch()).count())
        return fail(expired());
    const std::string expected =
        to_base64(hmac_sha1(key->credentials.secret_access_key, string_to_sign(request, *query)));
    if (expected != query->get("Signature")) return fail(signature_mismatch());
    return Signer{key->principal, default_region};
}

} // namespace squall::lab::s3
