// AWS Signature Version 4, as the client that signs and as the server that checks see it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html; tested with the
// published vectors. Our services take the path encoded once more ("double encoding"), which S3
// does not.
#pragma once

#include "squall/base/clock.h"
#include "squall/wire/http_message.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::wire {

struct SigningCredentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token; // empty for long-term credentials
};

// What a signature is good for: one day, one region, one service.
struct CredentialScope {
    std::string date; // YYYYMMDD
    std::string region;
    std::string service;

    [[nodiscard]] std::string text() const; // 20150830/us-east-1/service/aws4_request
};

// The parts of `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
struct Authorization {
    std::string access_key_id;
    CredentialScope scope;
    std::vector<std::string> signed_headers; // lower case, in the order given
    std::string signature;
};

[[nodiscard]] std::string canonical_request(const HttpRequest& request,
                                            const std::vector<std::string>& signed_headers,
                                            std::string_view payload_sha256);
[[nodiscard]] std::string string_to_sign(std::string_view canonical_request,
                                         std::string_view amz_date,
                                         const CredentialScope& scope);
[[nodiscard]] std::string signature_of(std::string_view string_to_sign,
                                       std::string_view secret_access_key,
                                       const CredentialScope& scope);

// Adds X-Amz-Date, X-Amz-Security-Token (where there is one) and Authorization, and signs every
// header present. The request must have its Host header and its final body.
void sign(HttpRequest& request,
          const SigningCredentials& credentials,
          std::string_view region,
          std::string_view service,
          WallTime now);

[[nodiscard]] Result<Authorization> parse_authorization(std::string_view header);

// True if the request carries the signature that `secret_access_key` gives it. Takes the same time
// whether the first or the last character differs. Says nothing about how old the request is.
[[nodiscard]] bool signature_matches(const HttpRequest& request,
                                     const Authorization& authorization,
                                     std::string_view secret_access_key);

} // namespace squall::wire
