#include "api/endpoint.h"

#include "api/form_body.h"
#include "api/http_date.h"
#include "api/member_types.h"
#include "api/query_codes.h"
#include "s3/signature.h"
#include "s3/target.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/arn.h"
#include "squall/wire/gzip.h"

#include <algorithm>

namespace squall::lab {
namespace {

// The same refusal has another code in each protocol: these are AWS's.
struct AuthError {
    const char* json;
    const char* query;
    const char* ec2;
    int query_status;
    int ec2_status;
};

constexpr AuthError missing_token{"MissingAuthenticationTokenException",
                                  "MissingAuthenticationToken",
                                  "MissingAuthenticationToken",
                                  403,
                                  400};
constexpr AuthError incomplete{
    "IncompleteSignatureException", "IncompleteSignature", "IncompleteSignature", 400, 400};
constexpr AuthError unknown_key{
    "UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", 403, 401};
constexpr AuthError wrong_signature{
    "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch", 403, 403};
constexpr AuthError expired_token{
    "ExpiredTokenException", "ExpiredToken", "RequestExpired", 403, 400};

// EC2's own words, where it has some.
constexpr std::string_view ec2_unknown_key =
    "AWS was not able to validate the provided access credentials";
constexpr std::string_view ec2_expired = "Request has expired.";

tl::unexpected<wire::ServiceError>
refuse_auth(wire::Protocol protocol, const AuthError& error, std::string message) {
    if (protocol == wire::Protocol::query)
        return refuse(error.query, std::move(message), error.query_status);
    if (protocol == wire::Protocol::ec2)
        return refuse(error.ec2, std::move(message), error.ec2_status);
    return refuse(error.json, std::move(message), 400);
}

constexpr std::string_view mismatch_text =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. "
    "Consult the service documentation for details.";

// What nobody needs credentials for.
bool is_unsigned_operation(const Dispatched& dispatched, const wire::HttpRequest& request) {
    return (dispatched.service == "sts" && dispatched.operation == "AssumeRoleWithWebIdentity")
           || is_mailed_link(request);
}

// The body that was signed, where the signer names it, is the one that came. (Nobody signs
// "UNSIGNED-PAYLOAD" for these services.)
bool is_body_of(const wire::HttpRequest& request) {
    const std::string_view named = wire::header_value(request.headers, "x-amz-content-sha256");
    return named.empty() || named == sha256_hex(request.body);
}

// What comes with every request could be changed on its way if it were not signed.
bool signs_host(const wire::Authorization& authorization) {
    const auto& names = authorization.signed_headers;
    return std::find(names.begin(), names.end(), "host") != names.end();
}

// `service` is the one that is called; empty where there is more than one.
Result<Principal, wire::ServiceError> authenticate_as(const KeyRing& keys,
                                                      wire::Protocol protocol,
                                                      std::string_view service,
                                                      const wire::HttpRequest& request,
                                                      WallTime now) {
    const std::string_view header = wire::header_value(request.headers, "Authorization");
    if (header.empty()) return refuse_auth(protocol, missing_token, "Missing Authentication Token");
    const auto authorization = wire::parse_authorization(header);
    if (!authorization) return refuse_auth(protocol, incomplete, authorization.error().message);
    const AccessKey* key = keys.find(authorization->access_key_id);
    if (key == nullptr || !key->is_active
        || key->credentials.session_token
               != wire::header_value(request.headers, "X-Amz-Security-Token")) {
        return refuse_auth(protocol,
                           unknown_key,
                           protocol == wire::Protocol::ec2
                               ? std::string(ec2_unknown_key)
                               : "The security token included in the request is invalid.");
    }
    if (key->expires && *key->expires < now)
        return refuse_auth(protocol,
                           expired_token,
                           protocol == wire::Protocol::ec2
                               ? std::string(ec2_expired)
                               : "The security token included in the request is expired");
    const auto date = parse_time(wire::header_value(request.headers, "X-Amz-Date"));
    if (!date || compact_utc(*date).substr(0, 8) != authorization->scope.date) {
        return refuse_auth(protocol,
                           incomplete,
                           "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                           "of date from HTTP.");
    }
    if (*date < now - Endpoint::clock_skew_max) {
        return refuse_auth(protocol,
                           wrong_signature,
                           fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)",
                                       compact_utc(*date),
                                       compact_utc(now - Endpoint::clock_skew_max),
                                       compact_utc(now)));
    }
    if (*date > now + Endpoint::clock_skew_max) {
        return refuse_auth(
            protocol,
            wrong_signature,
            fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)",
                        compact_utc(*date),
                        compact_utc(now + Endpoint::clock_skew_max),
                        compact_utc(now)));
    }
    if (!service.empty() && authorization->scope.service != signing_name(service)) {
        return refuse_auth(protocol,
                           wrong_signature,
                           fmt::format("Credential should be scoped to correct service: '{}'.",
                                       signing_name(service)));
    }
    if (!signs_host(*authorization)) {
        return refuse_auth(protocol,
                           wrong_signature,
                           "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                           "Authorization.");
    }
    if (!is_body_of(request)
        || !wire::signature_matches(request, *authorization, key->credentials.secret_access_key)) {
        return refuse_auth(protocol, wrong_signature, std::string(mismatch_text));
    }
    return key->principal;
}

wire::HttpResponse error_response(const Dispatched& dispatched,
                                  const wire::ServiceError& error,
                                  std::string_view request_id,
                                  WallTime now) {
    auto response = error_response_of(dispatched.service, dispatched.protocol, error, request_id);
    // Systems Manager's errors have a member of their own for the message; SDKs show it as such.
    if (dispatched.service == "ssm")
        response.body =
            json::text(json::Object{{"__type", error.code}, {"Message", error.message}});
    // By which clients whose clock is off notice it.
    response.headers.push_back({"Date", http_date(now)});
    return response;
}

// Boost.JSON throws when a value is taken for what it is not. Whatever a caller may have sent to
// bring that about, it must not end the lab.
std::optional<Answer> answer_of(const Service& service, const ApiCall& call) {
    try {
        return service(call);
    } catch (const std::exception& error) {
        log::error("lab: {}:{} was not answered: {}", call.service, call.operation, error.what());
        return refuse(call.service == "ecs" ? "ServerException" : "InternalFailure",
                      "The lab could not answer this; its log says more.",
                      500);
    }
}

wire::HttpResponse not_dispatched(const wire::HttpRequest& request,
                                  const wire::ServiceError& error,
                                  std::string_view request_id) {
    const bool is_form = wire::header_value(request.headers, "Content-Type").find("form-urlencoded")
                         != std::string_view::npos;
    return wire::error_response(
        is_form ? wire::Protocol::query : wire::Protocol::json_1_1, error, request_id);
}

// A link names a topic or a subscription, and with it the region.
std::string region_of_link(const ApiCall& call, const Dispatched& dispatched) {
    for (const char* name : {"TopicArn", "SubscriptionArn"}) {
        const auto arn = wire::parse_arn(dispatched.form.get(name));
        if (arn && !arn->region.empty()) return arn->region;
    }
    return call.region;
}

// Old clients of SQS name the queue by the path that they send the form to.
json::Object body_of(const ApiCall& call, const wire::HttpRequest& request) {
    json::Object body = body_of_form(call.service, call.operation, call.form);
    if (call.service == "sqs" && !body.contains("QueueUrl") && request.target.size() > 1)
        body["QueueUrl"] = "http://" + call.host + request.target;
    return body;
}

bool is_compressed(const wire::HttpRequest& request) {
    return equal_ignoring_case(wire::header_value(request.headers, "Content-Encoding"), "gzip");
}

// The request as it was before its body was compressed; nothing where it was not.
Result<std::optional<wire::HttpRequest>, wire::HttpResponse>
inflated_request(const KeyRing& keys,
                 const wire::HttpRequest& request,
                 const std::string& request_id,
                 WallTime now) {
    if (!is_compressed(request)) return std::nullopt;
    // Nobody makes us inflate anything who has not signed it.
    const bool is_form = wire::header_value(request.headers, "X-Amz-Target").empty();
    const auto protocol = is_form ? wire::Protocol::query : wire::Protocol::json_1_1;
    const auto refused = [&](const wire::ServiceError& error) {
        return fail(wire::error_response(protocol, error, request_id));
    };
    const auto signer = authenticate_as(keys, protocol, {}, request, now);
    if (!signer) return refused(signer.error());
    auto body = wire::gunzip(request.body, Endpoint::inflated_max);
    if (!body)
        return refused(
            {is_form ? "MalformedInput" : "SerializationException", body.error().message, 400});
    wire::HttpRequest plain = request;
    plain.body = std::move(*body);
    return plain;
}

bool is_json(wire::Protocol protocol) {
    return protocol == wire::Protocol::json_1_0 || protocol == wire::Protocol::json_1_1;
}

} // namespace

void Endpoint::add_service(const std::string& name, Service service) {
    services_[name] = std::move(service);
}

void Endpoint::add_guard(Guard guard) { guards_.push_back(std::move(guard)); }

Result<Principal, wire::ServiceError> Endpoint::authenticate(const wire::HttpRequest& request,
                                                             WallTime now) const {
    return authenticate_as(keys_, wire::Protocol::json_1_1, {}, request, now);
}

Result<ApiCall, wire::HttpResponse> Endpoint::decode(const wire::HttpRequest& request,
                                                     WallTime now) const {
    if (!is_mailed_link(request) && s3::is_for_s3(request)) return decode_s3(request, now);
    const std::string request_id = random_uuid();
    const auto inflated = inflated_request(keys_, request, request_id, now);
    if (!inflated) return fail(inflated.error());
    const wire::HttpRequest& plain = *inflated ? **inflated : request;
    auto dispatched = dispatch(plain);
    if (!dispatched) return fail(not_dispatched(request, dispatched.error(), request_id));
    const auto refused = [&](const wire::ServiceError& error) {
        return fail(error_response(*dispatched, error, request_id, now));
    };

    ApiCall call{dispatched->service,
                 dispatched->operation,
                 default_region_,
                 dispatched->protocol,
                 {},
                 {},
                 {},
                 {},
                 request_id,
                 now};
    call.host = wire::header_value(request.headers, "Host");
    if (is_mailed_link(request)) call.region = region_of_link(call, *dispatched);
    if (!is_unsigned_operation(*dispatched, request)) {
        auto principal =
            authenticate_as(keys_, dispatched->protocol, dispatched->service, request, now);
        if (!principal) return refused(principal.error());
        call.caller = std::move(*principal);
        call.region =
            wire::parse_authorization(wire::header_value(request.headers, "Authorization"))
                ->scope.region;
    }
    if (!is_json(dispatched->protocol)) {
        call.form = std::move(dispatched->form);
        if (has_form_as_body(call.service)) call.body = body_of(call, request);
        return call;
    }
    auto body = json::parse_object(plain.body.empty() ? std::string_view("{}")
                                                      : std::string_view(plain.body));
    if (!body) return refused({"SerializationException", body.error().message, 400});
    if (const auto problem = mistyped_member(call.service, *body))
        return refused({"SerializationException", *problem, 400});
    call.body = std::move(*body);
    return call;
}

Result<ApiCall, wire::HttpResponse> Endpoint::decode_s3(const wire::HttpRequest& request,
                                                        WallTime now) const {
    ApiCall call;
    call.service = "s3";
    call.region = default_region_;
    call.protocol = wire::Protocol::rest_xml;
    call.host = wire::header_value(request.headers, "Host");
    call.request_id = random_uuid();
    call.now = now;
    auto signer = s3::authenticate(keys_, request, default_region_, now);
    if (!signer) return fail(encode(call, fail(std::move(signer.error()))));
    auto target = s3::target_of(request);
    if (!target) return fail(encode(call, fail(std::move(target.error()))));
    call.operation = std::move(target->operation);
    call.region = std::move(signer->region);
    call.body = {{"Bucket", target->bucket}, {"Key", target->key}};
    call.form = std::move(target->query);
    call.caller = std::move(signer->caller);
    call.request = request;
    return call;
}

wire::HttpResponse Endpoint::encode(const ApiCall& call, const Answer& answer) {
    if (!answer) {
        return error_response({call.service, call.operation, call.protocol, {}},
                              answer.error(),
                              call.request_id,
                              call.now);
    }
    if (const auto* whole = std::get_if<wire::HttpResponse>(&*answer)) {
        wire::HttpResponse response = *whole;
        response.headers.push_back({"x-amz-request-id", call.request_id});
        response.headers.push_back({"Date", http_date(call.now)});
        return response;
    }
    wire::HttpResponse response{200,
                                {{"Content-Type", std::string(wire::content_type(call.protocol))},
                                 {"x-amzn-RequestId", call.request_id},
                                 {"Date", http_date(call.now)}},
                                {}};
    const auto* value = std::get_if<json::Value>(&*answer);
    if (value != nullptr && call.protocol == wire::Protocol::query)
        response.body = xml_of(call, value->as_object());
    else
        response.body = value != nullptr ? json::text(*value) : std::get<std::string>(*answer);
    return response;
}

std::optional<wire::ServiceError> Endpoint::refusal(const ApiCall& call) const {
    for (const auto& guard : guards_) {
        if (auto refused = guard(call)) return refused;
    }
    return std::nullopt;
}

Answer Endpoint::ask(const ApiCall& call) const {
    const auto service = services_.find(call.service);
    if (service != services_.end()) {
        if (auto answered = answer_of(service->second, call)) return std::move(*answered);
    }
    // Never a 500: clients would repeat the call for half a minute.
    return refuse("UnknownOperationException",
                  fmt::format("The operation {} of {} is not implemented in this lab.",
                              call.operation,
                              call.service));
}

wire::HttpResponse Endpoint::answer(const ApiCall& call) const {
    if (auto refused = refusal(call)) return encode(call, fail(std::move(*refused)));
    return encode(call, ask(call));
}

wire::HttpResponse Endpoint::handle(const wire::HttpRequest& request, WallTime now) const {
    const auto call = decode(request, now);
    return call ? answer(*call) : call.error();
}

} // namespace squall::lab
