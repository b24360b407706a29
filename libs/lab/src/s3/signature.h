// Signature Version 4 as S3 checks it: in the Authorization header, or in the query of a presigned
// URL. It differs from other services in the path, which is encoded once and never made shorter, in
// what it says about the payload, and in the words of its refusals.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
// Presigned URLs may have the first version's signature, too: it is what `aws s3 presign` and boto3
// still write for us-east-1 unless they are told otherwise.
#pragma once

#include "api/key_ring.h"

namespace squall::lab::s3 {

// How far the clock of a caller may be off.
constexpr Seconds clock_skew_max{900};
// The longest life of a presigned URL: a week.
constexpr Seconds expires_max{604'800};

struct Signer {
    Principal caller;
    std::string region;
};

[[nodiscard]] Result<Signer, wire::ServiceError> authenticate(const KeyRing& keys,
                                                              const wire::HttpRequest& request,
                                                              const std::string& default_region,
                                                              WallTime now);

// Of a URL with AWSAccessKeyId, Signature and Expires: signature_v2.cc.
[[nodiscard]] Result<Signer, wire::ServiceError> authenticate_v2(const KeyRing& keys,
                                                                 const wire::HttpRequest& request,
                                                                 const std::string& default_region,
                                                                 WallTime now);

// What is wrong with a key, whatever it signed.
[[nodiscard]] std::optional<wire::ServiceError>
wrong_key(const AccessKey* key, std::string_view token, WallTime now);
[[nodiscard]] wire::ServiceError signature_mismatch();
[[nodiscard]] wire::ServiceError expired();

} // namespace squall::lab::s3
