// Amazon S3, as far as it takes to publish a file and to let others fetch it. Buckets are in the
// path of a request, so that any endpoint will do.
//
// Keys consist of letters, digits, '_', '.', '-' and '/' without empty or dotted parts: for these
// the path is the same however often it is encoded, and S3's signatures are like everybody's.
#pragma once

#include "squall/aws/credentials.h"
#include "squall/aws/endpoint.h"
#include "squall/aws/http_sender.h"

#include <stop_token>
#include <string>

namespace squall::aws {

struct S3Object {
    std::string bucket;
    std::string key;
};

// What it works with; all of it must outlive it.
struct S3Parts {
    HttpSender& sender;
    CredentialsProvider& credentials;
    Clock& clock;
};

// As thread-safe as its parts.
class S3 {
public:
    S3(S3Parts parts, Endpoint endpoint, std::string region)
        : parts_(parts), endpoint_(std::move(endpoint)), region_(std::move(region)) {}

    // Whether it is there; NoSuchBucket where not even its bucket is. S3 says "denied" of a missing
    // object to who may not list the bucket.
    [[nodiscard]] Outcome<bool>
    has_object(const S3Object& object, Deadline deadline, const std::stop_token& stop);

    // Replaces it whole.
    [[nodiscard]] Outcome<void> put_object(const S3Object& object,
                                           std::string body,
                                           Deadline deadline,
                                           const std::stop_token& stop);

    // A URL by which anybody can get it, for so long (a week at the most), with our rights. Asks
    // nobody: whether the object is there is not looked at. The URL is a secret while it is valid.
    [[nodiscard]] Outcome<std::string> presigned_get(const S3Object& object,
                                                     Seconds valid,
                                                     Deadline deadline,
                                                     const std::stop_token& stop);

private:
    struct Request;
    Outcome<wire::HttpResponse>
    send(const Request& request, Deadline deadline, const std::stop_token& stop);
    Outcome<wire::HttpResponse>
    attempt(const Request& request, Deadline deadline, const std::stop_token& stop);

    S3Parts parts_;
    Endpoint endpoint_;
    std::string region_;
};

} // namespace squall::aws
