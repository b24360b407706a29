#include "s3/service.h"

#include "squall/base/log.h"

namespace squall::lab::s3 {

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"ListBuckets", &Service::list_buckets},
        {"CreateBucket", &Service::create_bucket},
        {"DeleteBucket", &Service::delete_bucket},
        {"HeadBucket", &Service::head_bucket},
        {"GetBucketLocation", &Service::get_bucket_location},
        {"ListObjectsV2", &Service::list_objects},
        {"PutObject", &Service::put_object},
        {"GetObject", &Service::get_object},
        {"HeadObject", &Service::head_object},
        {"DeleteObject", &Service::delete_object},
        {"CreateMultipartUpload", &Service::create_upload},
        {"UploadPart", &Service::upload_part},
        {"CompleteMultipartUpload", &Service::complete_upload},
        {"AbortMultipartUpload", &Service::abort_upload},
    };
    return call_operation(*this, operations, call);
}

Result<Bucket*, wire::ServiceError> Service::bucket_of(const ApiCall& call) {
    const auto found = store_.buckets.find(json::string_at(call.body, "Bucket"));
    if (found == store_.buckets.end())
        return refuse("NoSuchBucket", "The specified bucket does not exist", 404);
    if (found->second.region != call.region)
        return refuse("AuthorizationHeaderMalformed",
                      fmt::format("The authorization header is malformed; the region '{}' is "
                                  "wrong; expecting '{}'",
                                  call.region,
                                  found->second.region));
    return &found->second;
}

Result<Object*, wire::ServiceError> Service::object_of(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    const auto found = (*bucket)->objects.find(json::string_at(call.body, "Key"));
    if (found == (*bucket)->objects.end())
        return refuse("NoSuchKey", "The specified key does not exist.", 404);
    return &found->second;
}

Answer empty_answer(int status, wire::Headers headers) {
    return AnswerBody(wire::HttpResponse{status, std::move(headers), {}});
}

Answer xml_answer(std::string text) {
    return AnswerBody(
        wire::HttpResponse{200, {{"Content-Type", "application/xml"}}, std::move(text)});
}

wire::ServiceError internal_error_because(const Error& error) {
    log::error("lab: s3: {}", error.message);
    return {"InternalError", "We encountered an internal error. Please try again.", 500};
}

} // namespace squall::lab::s3
