#include "squall/aws/s3.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/protocol.h"
#include "squall/wire/sigv4.h"

#include <algorithm>

namespace squall::aws {
namespace {

constexpr int attempts_max = 3;
constexpr Seconds between_attempts{1};

bool is_plain_key(const std::string& key) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
               || c == '_' || c == '.' || c == '-' || c == '/';
    };
    const auto parts = split(key, '/');
    return std::all_of(key.begin(), key.end(), is_plain)
           && std::none_of(parts.begin(), parts.end(), [](const std::string& part) {
                  return part.empty() || part == "." || part == "..";
              });
}

std::string path_of(const Endpoint& endpoint, const S3Object& object) {
    std::string base = endpoint.url.target;
    if (base.ends_with('/')) base.pop_back();
    return fmt::format("{}/{}/{}", base, object.bucket, object.key);
}

ApiError not_plain(std::string_view operation, const S3Object& object) {
    return not_answered(operation,
                        {Errc::invalid_input,
                         fmt::format("'{}' in the bucket '{}' is no key that squall uses: letters, "
                                     "digits, _ . - and / without empty parts",
                                     object.key,
                                     object.bucket)});
}

ApiError refusal_of(const std::string& operation, const wire::HttpResponse& answer) {
    const auto read = wire::read_error(wire::Protocol::rest_xml, answer);
    ApiError error = answered_error(
        operation, read.error.code, read.error.message, answer.status, read.request_id);
    if (answer.status == 301 || answer.status == 307)
        error.hint = "the bucket is in another region: name that one (AWS_REGION)";
    if (error.code == "NoSuchBucket") error.hint = "make the bucket first, or name another";
    // A HEAD is refused without a word.
    if (answer.status == 403 && error.kind != Errc::denied) error.kind = Errc::denied;
    return error;
}

} // namespace

struct S3::Request {
    std::string operation; // "s3:PutObject"
    std::string method;
    S3Object object;
    std::string body;
};

Outcome<wire::HttpResponse>
S3::attempt(const Request& request, Deadline deadline, const std::stop_token& stop) {
    auto credentials = parts_.credentials.get(deadline, stop);
    if (!credentials) return fail(credentials.error());
    wire::HttpRequest message{
        request.method,
        path_of(endpoint_, request.object),
        {{"Host", endpoint_.url.host_header()}, {"X-Amz-Content-SHA256", sha256_hex(request.body)}},
        request.body};
    if (!credentials->keys.access_key_id.empty())
        wire::sign(message, credentials->keys, region_, "s3", parts_.clock.wall());
    message.headers.push_back({"User-Agent", "squall/" SQUALL_VERSION});
    auto answer = parts_.sender.send(endpoint_.url, message, deadline, stop);
    if (!answer) return fail(not_answered(request.operation, answer.error()));
    return std::move(*answer);
}

// All of its requests may be made again.
Outcome<wire::HttpResponse>
S3::send(const Request& request, Deadline deadline, const std::stop_token& stop) {
    if (!is_plain_key(request.object.key) || !is_plain_key(request.object.bucket))
        return fail(not_plain(request.operation, request.object));
    for (int made = 1;; ++made) {
        auto answer = attempt(request, deadline, stop);
        const bool is_trouble =
            answer ? answer->status >= 500 : answer.error().kind == Errc::unavailable;
        if (!is_trouble || made >= attempts_max) return answer;
        if (!parts_.clock.wait_for(between_attempts, stop)) return answer;
    }
}

Outcome<bool>
S3::has_object(const S3Object& object, Deadline deadline, const std::stop_token& stop) {
    const auto answer = send({"s3:HeadObject", "HEAD", object, {}}, deadline, stop);
    if (!answer) return fail(answer.error());
    if (answer->status == 200) return true;
    if (answer->status != 404) return fail(refusal_of("s3:HeadObject", *answer));
    // A HEAD has no words for what is missing, the object or its bucket.
    const auto told = send({"s3:GetObject", "GET", object, {}}, deadline, stop);
    if (!told) return fail(told.error());
    if (told->status == 200) return true;
    auto why = refusal_of("s3:GetObject", *told);
    if (why.code == "NoSuchBucket") return fail(std::move(why));
    if (told->status == 404) return false;
    return fail(std::move(why));
}

Outcome<void> S3::put_object(const S3Object& object,
                             std::string body,
                             Deadline deadline,
                             const std::stop_token& stop) {
    const auto answer = send({"s3:PutObject", "PUT", object, std::move(body)}, deadline, stop);
    if (!answer) return fail(answer.error());
    if (answer->status == 200) return {};
    return fail(refusal_of("s3:PutObject", *answer));
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
Outcome<std::string> S3::presigned_get(const S3Object& object,
                                       Seconds valid,
                                       Deadline deadline,
                                       const std::stop_token& stop) {
    if (!is_plain_key(object.key) || !is_plain_key(object.bucket))
        return fail(not_plain("s3:GetObject", object));
    const auto credentials = parts_.credentials.get(deadline, stop);
    if (!credentials) return fail(credentials.error());
    const auto& keys = credentials->keys;
    const std::string now = compact_utc(parts_.clock.wall());
    const wire::CredentialScope scope{now.substr(0, 8), region_, "s3"};
    std::string query = fmt::format(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}",
        wire::percent_encoded(keys.access_key_id + "/" + scope.text()),
        now,
        valid.count());
    query += "&X-Amz-SignedHeaders=host";
    if (!keys.session_token.empty())
        query += "&X-Amz-Security-Token=" + wire::percent_encoded(keys.session_token);
    const wire::HttpRequest request{"GET",
                                    path_of(endpoint_, object) + "?" + query,
                                    {{"Host", endpoint_.url.host_header()}},
                                    {}};
    const std::string canonical = wire::canonical_request(request, {"host"}, "UNSIGNED-PAYLOAD");
    return fmt::format("{}{}&X-Amz-Signature={}",
                       endpoint_.url.origin(),
                       request.target,
                       wire::signature_of(wire::string_to_sign(canonical, now, scope),
                                          keys.secret_access_key,
                                          scope));
}

} // namespace squall::aws
