#include "s3/signature.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/sigv4.h"

#include <algorithm>

namespace squall::lab::s3 {
namespace {

constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

// What a signed request says of itself, wherever it says it.
struct Claim {
    wire::Authorization authorization;
    std::string date;
    std::string token;
    std::string payload;                 // its hash, or that it is not signed
    std::optional<std::int64_t> expires; // of a presigned URL
};

tl::unexpected<wire::ServiceError> denied(std::string message) {
    return refuse("AccessDenied", std::move(message), 403);
}

tl::unexpected<wire::ServiceError> bad_query(std::string message) {
    return refuse("AuthorizationQueryParametersError", std::move(message), 400);
}

// Names and values in the order of their encoded names; the signature itself is not signed.
std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto& part : split(query, '&')) {
        const auto [name, value] = split_once(part, '=');
        if (part.empty() || name == "X-Amz-Signature") continue;
        parameters.emplace_back(
            wire::percent_encoded(wire::percent_decoded(name, /*plus_is_space=*/true)),
            wire::percent_encoded(wire::percent_decoded(value, /*plus_is_space=*/true)));
    }
    std::sort(parameters.begin(), parameters.end());
    std::string out;
    for (const auto& [name, value] : parameters)
        out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
    return out;
}

// Outer blanks go, inner runs become one.
std::string canonical_value(std::string_view value) {
    std::string out;
    for (const char c : trimmed(value)) {
        if (c != ' ' || out.back() != ' ') out.push_back(c);
    }
    return out;
}

std::string canonical_request(const wire::HttpRequest& request, const Claim& claim) {
    const auto [path, query] = split_once(request.target, '?');
    const auto& names = claim.authorization.signed_headers;
    std::string headers;
    for (const auto& name : names)
        headers += fmt::format(
            "{}:{}\n", name, canonical_value(wire::header_value(request.headers, name)));
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}",
                       request.method,
                       wire::percent_encoded(wire::percent_decoded(path, /*plus_is_space=*/false),
                                             /*keep_slash=*/true),
                       canonical_query(query),
                       headers,
                       join(names, ";"),
                       claim.payload);
}

Result<Claim, wire::ServiceError> claim_of_header(const wire::HttpRequest& request) {
    const auto authorization =
        wire::parse_authorization(wire::header_value(request.headers, "Authorization"));
    if (!authorization)
        return refuse("AuthorizationHeaderMalformed",
                      "The authorization header is malformed; " + authorization.error().message);
    const std::string_view payload = wire::header_value(request.headers, "x-amz-content-sha256");
    if (payload.empty())
        return refuse("InvalidRequest",
                      "Missing required header for this request: x-amz-content-sha256");
    return Claim{*authorization,
                 std::string(wire::header_value(request.headers, "X-Amz-Date")),
                 std::string(wire::header_value(request.headers, "X-Amz-Security-Token")),
                 std::string(payload),
                 std::nullopt};
}

Result<Claim, wire::ServiceError> claim_of_query(const wire::HttpRequest& request,
                                                 const wire::QueryParameters& query) {
    if (query.get("X-Amz-Algorithm") != algorithm)
        return bad_query("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and "
                         "AWS4-ECDSA-P256-SHA256\"");
    for (const char* name : {"X-Amz-Credential",
                             "X-Amz-Signature",
                             "X-Amz-Date",
                             "X-Amz-SignedHeaders",
                             "X-Amz-Expires"}) {
        if (query.get(name).empty())
            return bad_query("Query-string authentication version 4 requires the X-Amz-Algorithm, "
                             "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, "
                             "and X-Amz-Expires parameters.");
    }
    const auto expires = to_integer(query.get("X-Amz-Expires"));
    if (!expires) return bad_query("X-Amz-Expires should be a number");
    if (*expires < 0) return bad_query("X-Amz-Expires must be non-negative");
    if (*expires > expires_max.count())
        return bad_query("X-Amz-Expires must be less than a week (in seconds); that is, the given "
                         "X-Amz-Expires must be less than 604800 seconds");
    // The header's form of the same words: one reader for both.
    const auto authorization =
        wire::parse_authorization(fmt::format("{} Credential={}, SignedHeaders={}, Signature={}",
                                              algorithm,
                                              query.get("X-Amz-Credential"),
                                              query.get("X-Amz-SignedHeaders"),
                                              query.get("X-Amz-Signature")));
    if (!authorization)
        return bad_query("Error parsing the X-Amz-Credential parameter; the Credential is "
                         "mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/"
                         "aws4_request\".");
    const auto& names = authorization->signed_headers;
    const bool signs_payload =
        std::find(names.begin(), names.end(), "x-amz-content-sha256") != names.end();
    return Claim{*authorization,
                 std::string(query.get("X-Amz-Date")),
                 std::string(query.get("X-Amz-Security-Token")),
                 std::string(signs_payload
                                 ? wire::header_value(request.headers, "x-amz-content-sha256")
                                 : unsigned_payload),
                 expires};
}

std::optional<wire::ServiceError> wrong_time(const Claim& claim, WallTime now) {
    const auto date = parse_time(claim.date);
    if (!date || compact_utc(*date).substr(0, 8) != claim.authorization.scope.date)
        return denied("AWS authentication requires a valid Date or x-amz-date header").value();
    if (!claim.expires) {
        if (*date < now - clock_skew_max || *date > now + clock_skew_max)
            return wire::ServiceError{
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                403};
        return std::nullopt;
    }
    if (*date > now + clock_skew_max) return denied("Request is not yet valid").value();
    if (*date + Seconds(*claim.expires) < now) return expired();
    return std::nullopt;
}

// What comes with every request could be changed on its way if it were not signed.
std::optional<wire::ServiceError> unsigned_header(const wire::HttpRequest& request,
                                                  const Claim& claim) {
    const auto& names = claim.authorization.signed_headers;
    const auto is_signed = [&](const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    bool all = is_signed("host");
    for (const auto& header : request.headers) {
        const std::string name = lower(header.name);
        all = all
              && (!name.starts_with("x-amz-") || name == "x-amz-content-sha256" || is_signed(name));
    }
    if (all) return std::nullopt;
    return denied("There were headers present in the request which were not signed").value();
}

std::optional<wire::ServiceError> wrong_payload(const wire::HttpRequest& request,
                                                const Claim& claim) {
    if (claim.payload == unsigned_payload || claim.payload == sha256_hex(request.body))
        return std::nullopt;
    // Chunks that are signed each: what SDKs send over TLS, or when a body cannot be read twice.
    if (claim.payload.starts_with("STREAMING-"))
        return wire::ServiceError{
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            501};
    return wire::ServiceError{
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        400};
}

} // namespace

std::optional<wire::ServiceError>
wrong_key(const AccessKey* key, std::string_view token, WallTime now) {
    if (key == nullptr || !key->is_active)
        return wire::ServiceError{
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403};
    if (key->credentials.session_token != token)
        return wire::ServiceError{
            "InvalidToken", "The provided token is malformed or otherwise invalid.", 400};
    if (key->expires && *key->expires < now)
        return wire::ServiceError{"ExpiredToken", "The provided token has expired.", 400};
    return std::nullopt;
}

wire::ServiceError signature_mismatch() {
    return {"SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check "
            "your key and signing method.",
            403};
}

wire::ServiceError expired() { return {"AccessDenied", "Request has expired", 403}; }

Result<Signer, wire::ServiceError> authenticate(const KeyRing& keys,
                                                const wire::HttpRequest& request,
                                                const std::string& default_region,
                                                WallTime now) {
    const auto query = wire::QueryParameters::parse(split_once(request.target, '?').second);
    if (query && query->has("AWSAccessKeyId"))
        return authenticate_v2(keys, request, default_region, now);
    const bool is_presigned = query && query->has("X-Amz-Algorithm");
    if (!is_presigned && !wire::has_header(request.headers, "Authorization"))
        return denied("Access Denied");
    const auto claim = is_presigned ? claim_of_query(request, *query) : claim_of_header(request);
    if (!claim) return fail(claim.error());
    const auto& [access_key_id, scope, names, signature] = claim->authorization;
    if (scope.service != "s3")
        return refuse("AuthorizationHeaderMalformed",
                      fmt::format("The authorization header is malformed; incorrect service "
                                  "\"{}\". This endpoint belongs to \"s3\".",
                                  scope.service));
    const AccessKey* key = keys.find(access_key_id);
    if (auto wrong = wrong_key(key, claim->token, now)) return fail(std::move(*wrong));
    if (auto wrong = wrong_time(*claim, now)) return fail(std::move(*wrong));
    if (auto wrong = unsigned_header(request, *claim)) return fail(std::move(*wrong));
    const std::string expected = wire::signature_of(
        wire::string_to_sign(canonical_request(request, *claim), claim->date, scope),
        key->credentials.secret_access_key,
        scope);
    if (expected != signature) return fail(signature_mismatch());
    if (auto wrong = wrong_payload(request, *claim)) return fail(std::move(*wrong));
    return Signer{key->principal, scope.region};
}

} // namespace squall::lab::s3
