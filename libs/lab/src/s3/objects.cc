#include "api/http_date.h"
#include "s3/range.h"
#include "s3/service.h"
#include "squall/base/md5.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>

namespace squall::lab::s3 {
namespace {

constexpr std::array<std::string_view, 6> kept_names{"content-type",
                                                     "content-encoding",
                                                     "content-disposition",
                                                     "content-language",
                                                     "cache-control",
                                                     "expires"};

// SHA-256 as 32 bytes in base64: what x-amz-checksum-sha256 holds.
std::string sha256_base64(std::string_view bytes) {
    const std::string hex = sha256_hex(bytes);
    std::string raw;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        raw.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return to_base64(raw);
}

wire::Headers answer_headers(const ApiCall& call, const Object& object) {
    wire::Headers headers = object.headers;
    headers.push_back({"ETag", object.etag});
    headers.push_back({"Last-Modified", http_date(object.modified)});
    headers.push_back({"Accept-Ranges", "bytes"});
    const std::string_view mode = wire::header_value(call.request.headers, "x-amz-checksum-mode");
    if (!object.sha256.empty() && equal_ignoring_case(mode, "ENABLED"))
        headers.push_back({"x-amz-checksum-sha256", object.sha256});
    return headers;
}

// 304 and 412, where the caller set a condition.
std::optional<Answer> condition_answer(const ApiCall& call, const Object& object) {
    const std::string_view match = wire::header_value(call.request.headers, "If-Match");
    if (!match.empty() && match != "*" && match != object.etag)
        return refuse("PreconditionFailed",
                      "At least one of the pre-conditions you specified did not hold",
                      412);
    const std::string_view none = wire::header_value(call.request.headers, "If-None-Match");
    if (none == "*" || none == object.etag) return empty_answer(304, {{"ETag", object.etag}});
    return std::nullopt;
}

} // namespace

std::string quoted_md5(std::string_view bytes) {
    const std::string digest = md5(bytes);
    return fmt::format(
        "\"{}\"", to_hex({reinterpret_cast<const unsigned char*>(digest.data()), digest.size()}));
}

wire::Headers kept_headers(const wire::HttpRequest& request) {
    wire::Headers kept;
    for (const auto& header : request.headers) {
        const std::string name = lower(header.name);
        if (name.starts_with("x-amz-meta-")
            || std::find(kept_names.begin(), kept_names.end(), name) != kept_names.end())
            kept.push_back(header);
    }
    if (!wire::has_header(kept, "Content-Type"))
        kept.push_back({"Content-Type", "binary/octet-stream"});
    return kept;
}

std::optional<wire::ServiceError> wrong_digest(const wire::HttpRequest& request) {
    const std::string_view md5_sent = wire::header_value(request.headers, "Content-MD5");
    if (!md5_sent.empty() && md5_sent != to_base64(md5(request.body)))
        return wire::ServiceError{
            "BadDigest", "The Content-MD5 you specified did not match what we received.", 400};
    const std::string_view sha256 = wire::header_value(request.headers, "x-amz-checksum-sha256");
    if (!sha256.empty() && sha256 != sha256_base64(request.body))
        return wire::ServiceError{
            "BadDigest", "The SHA256 you specified did not match the calculated checksum.", 400};
    return std::nullopt;
}

Answer Service::put_object(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    const std::string key(json::string_at(call.body, "Key"));
    if (key.size() > key_max) return refuse("KeyTooLongError", "Your key is too long");
    if (auto wrong = wrong_digest(call.request)) return fail(std::move(*wrong));
    auto& objects = (*bucket)->objects;
    const auto there = objects.find(key);
    if (wire::header_value(call.request.headers, "If-None-Match") == "*" && there != objects.end())
        return refuse("PreconditionFailed",
                      "At least one of the pre-conditions you specified did not hold",
                      412);
    if (there == objects.end() && objects.size() >= Store::objects_max)
        return refuse("ServiceUnavailable", "This lab keeps no more objects in a bucket.", 503);
    auto kept = store_.keep(call.request.body);
    if (!kept) return fail(internal_error_because(kept.error()));
    Object object{std::move(*kept),
                  quoted_md5(call.request.body),
                  call.now,
                  std::string(wire::header_value(call.request.headers, "x-amz-checksum-sha256")),
                  kept_headers(call.request)};
    wire::Headers headers{{"ETag", object.etag}};
    if (!object.sha256.empty()) headers.push_back({"x-amz-checksum-sha256", object.sha256});
    objects.insert_or_assign(key, std::move(object));
    return empty_answer(200, std::move(headers));
}

Answer Service::get_object(const ApiCall& call) {
    const auto found = object_of(call);
    if (!found) return fail(found.error());
    const Object& object = **found;
    if (auto answered = condition_answer(call, object)) return std::move(*answered);
    const std::size_t size = object.bytes.size();
    const auto range = range_of(wire::header_value(call.request.headers, "Range"), size);
    if (range && range->count == 0)
        return refuse("InvalidRange", "The requested range is not satisfiable", 416);
    auto bytes = range ? object.bytes.read(range->first, range->count) : object.bytes.read(0, size);
    if (!bytes) return fail(internal_error_because(bytes.error()));
    wire::Headers headers = answer_headers(call, object);
    if (range)
        headers.push_back(
            {"Content-Range",
             fmt::format("bytes {}-{}/{}", range->first, range->first + range->count - 1, size)});
    return AnswerBody(wire::HttpResponse{range ? 206 : 200, std::move(headers), std::move(*bytes)});
}

Answer Service::head_object(const ApiCall& call) {
    const auto found = object_of(call);
    if (!found) return fail(found.error());
    if (auto answered = condition_answer(call, **found)) return std::move(*answered);
    wire::Headers headers = answer_headers(call, **found);
    headers.push_back({"Content-Length", std::to_string((*found)->bytes.size())});
    return empty_answer(200, std::move(headers));
}

Answer Service::delete_object(const ApiCall& call) {
    const auto bucket = bucket_of(call);
    if (!bucket) return fail(bucket.error());
    // What is not there is deleted, too.
    (*bucket)->objects.erase(std::string(json::string_at(call.body, "Key")));
    return empty_answer(204);
}

} // namespace squall::lab::s3
