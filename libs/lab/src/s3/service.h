// S3 as an API, as far as people need it who put a file there and fetch it again: buckets, objects
// in one piece and in parts, lists. No versions, no access lists, no bucket policies: what the
// caller's own policies say counts. From the Amazon S3 API Reference.
#pragma once

#include "api/call.h"
#include "s3/store.h"

namespace squall::lab::s3 {

class Service {
public:
    static constexpr std::size_t key_max = 1024;  // bytes of its name
    static constexpr std::size_t list_max = 1000; // keys of a page
    static constexpr std::int64_t parts_max = 10'000;
    static constexpr std::size_t part_min = 5U << 20U; // every part but the last

    explicit Service(Path folder) : store_(std::move(folder)) {}

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

private:
    // buckets.cc
    Answer list_buckets(const ApiCall& call);
    Answer create_bucket(const ApiCall& call);
    Answer delete_bucket(const ApiCall& call);
    Answer head_bucket(const ApiCall& call);
    Answer get_bucket_location(const ApiCall& call);
    Answer list_objects(const ApiCall& call);
    // objects.cc
    Answer put_object(const ApiCall& call);
    Answer get_object(const ApiCall& call);
    Answer head_object(const ApiCall& call);
    Answer delete_object(const ApiCall& call);
    // uploads.cc
    Answer create_upload(const ApiCall& call);
    Answer upload_part(const ApiCall& call);
    Answer complete_upload(const ApiCall& call);
    Answer abort_upload(const ApiCall& call);

    Result<Bucket*, wire::ServiceError> bucket_of(const ApiCall& call);
    Result<Object*, wire::ServiceError> object_of(const ApiCall& call);
    Result<Upload*, wire::ServiceError> upload_of(Bucket& bucket, const ApiCall& call);

    Store store_;
};

// Answers of S3: empty with headers, or one XML document.
[[nodiscard]] Answer empty_answer(int status, wire::Headers headers = {});
[[nodiscard]] Answer xml_answer(std::string text);

constexpr std::string_view xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";

// What S3 keeps of a PUT's headers and gives back with the object.
[[nodiscard]] wire::Headers kept_headers(const wire::HttpRequest& request);
// The payload is what Content-MD5 and x-amz-checksum-sha256 say, where they say something.
[[nodiscard]] std::optional<wire::ServiceError> wrong_digest(const wire::HttpRequest& request);
[[nodiscard]] wire::ServiceError internal_error_because(const Error& error);
[[nodiscard]] std::string quoted_md5(std::string_view bytes);

} // namespace squall::lab::s3
