#include "api/endpoint.h"

#include "squall/base/text.h"
#include "squall/base/time_text.h"

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

// The operations of STS that nobody needs credentials for.
bool is_unsigned_operation(const Dispatched& dispatched) {
    return dispatched.service == "sts" && dispatched.operation == "AssumeRoleWithWebIdentity";
}

Result<Principal, wire::ServiceError> authenticate_as(const KeyRing& keys,
                                                      wire::Protocol protocol,
                                                      const wire::HttpRequest& request,
                                                      WallTime now) {
    const std::string_view header = wire::header_value(request.headers, "Authorization");
    if (header.empty()) return refuse_auth(protocol, missing_token, "Missing Authentication Token");
    const auto authorization = wire::parse_authorization(header);
    if (!authorization) return refuse_auth(protocol, incomplete, authorization.error().message);
    const AccessKey* key = keys.find(authorization->access_key_id);
    if (key == nullptr
        || key->credentials.session_token
               != wire::header_value(request.headers, "X-Amz-Security-Token")) {
        return refuse_auth(
            protocol, unknown_key, "The security token included in the request is invalid.");
    }
    if (key->expires && *key->expires < now)
        return refuse_auth(
            protocol, expired_token, "The security token included in the request is expired");
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
    if (!wire::signature_matches(request, *authorization, key->credentials.secret_access_key)) {
        return refuse_auth(protocol, wrong_signature, std::string(mismatch_text));
    }
    return key->principal;
}

wire::HttpResponse not_dispatched(const wire::HttpRequest& request,
                                  const wire::ServiceError& error,
                                  std::string_view request_id) {
    const bool is_form = wire::header_value(request.headers, "Content-Type").find("form-urlencoded")
                         != std::string_view::npos;
    return wire::error_response(
        is_form ? wire::Protocol::query : wire::Protocol::json_1_1, error, request_id);
}

bool is_json(wire::Protocol protocol) {
    return protocol == wire::Protocol::json_1_0 || protocol == wire::Protocol::json_1_1;
}

} // namespace

void Endpoint::add_service(const std::string& name, Service service) {
    services_[name] = std::move(service);
}

Result<Principal, wire::ServiceError> Endpoint::authenticate(const wire::HttpRequest& request,
                                                             WallTime now) const {
    return authenticate_as(keys_, wire::Protocol::json_1_1, request, now);
}

Result<ApiCall, wire::HttpResponse> Endpoint::decode(const wire::HttpRequest& request,
                                                     WallTime now) const {
    const std::string request_id = random_uuid();
    auto dispatched = dispatch(request);
    if (!dispatched) return fail(not_dispatched(request, dispatched.error(), request_id));
    const auto refused = [&](const wire::ServiceError& error) {
        return fail(wire::error_response(dispatched->protocol, error, request_id));
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
    if (!is_unsigned_operation(*dispatched)) {
        auto principal = authenticate_as(keys_, dispatched->protocol, request, now);
        if (!principal) return refused(principal.error());
        call.caller = std::move(*principal);
        call.region =
            wire::parse_authorization(wire::header_value(request.headers, "Authorization"))
                ->scope.region;
    }
    if (!is_json(dispatched->protocol)) {
        call.form = std::move(dispatched->form);
        return call;
    }
    auto body = json::parse_object(request.body.empty() ? std::string_view("{}")
                                                        : std::string_view(request.body));
    if (!body) return refused({"SerializationException", body.error().message, 400});
    call.body = std::move(*body);
    return call;
}

wire::HttpResponse Endpoint::encode(const ApiCall& call, const Answer& answer) {
    if (!answer) return wire::error_response(call.protocol, answer.error(), call.request_id);
    wire::HttpResponse response{200,
                                {{"Content-Type", std::string(wire::content_type(call.protocol))},
                                 {"x-amzn-RequestId", call.request_id}},
                                {}};
    const auto* value = std::get_if<json::Value>(&*answer);
    response.body = value != nullptr ? json::text(*value) : std::get<std::string>(*answer);
    return response;
}

wire::HttpResponse Endpoint::handle(const wire::HttpRequest& request, WallTime now) const {
    const auto call = decode(request, now);
    if (!call) return call.error();
    const auto service = services_.find(call->service);
    const auto answered = service == services_.end() ? std::nullopt : service->second(*call);
    if (answered) return encode(*call, *answered);
    // Never a 500: clients would repeat the call for half a minute.
    return encode(*call,
                  refuse("UnknownOperationException",
                         fmt::format("The operation {} of {} is not implemented in this lab.",
                                     call->operation,
                                     call->service)));
}

} // namespace squall::lab
