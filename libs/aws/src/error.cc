#include "squall/aws/error.h"

#include "codes.h"
#include "refusal.h"

#include <algorithm>
#include <array>

namespace squall::aws {
namespace {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Codes that any service may give when it does not like who is asking. In json they come with
// status 400, so the status alone does not tell.
bool is_refusal(std::string_view code, int status) {
    constexpr std::array<std::string_view, 13> codes = {"UnauthorizedOperation",
                                                        "AuthorizationError",
                                                        "UnauthorizedException",
                                                        "AuthFailure",
                                                        "UnrecognizedClientException",
                                                        "InvalidClientTokenId",
                                                        "SignatureDoesNotMatch",
                                                        "InvalidSignatureException",
                                                        "IncompleteSignature",
                                                        "IncompleteSignatureException",
                                                        "OptInRequired",
                                                        "RequestExpired",
                                                        "InvalidIdentityToken"};
    return status == 401 || status == 403 || code.starts_with("AccessDenied")
           || code.starts_with("ExpiredToken") || code.starts_with("MissingAuthenticationToken")
           || code.starts_with("RequestTimeTooSkew") || is_one_of(code, codes);
}

bool is_busy(std::string_view code, int status) {
    constexpr std::array<std::string_view, 9> codes = {"RequestLimitExceeded",
                                                       "BandwidthLimitExceeded",
                                                       "TooManyRequestsException",
                                                       "SlowDown",
                                                       "EC2ThrottledException",
                                                       "RequestTimeout",
                                                       "RequestTimeoutException",
                                                       "PriorRequestNotComplete",
                                                       "ServiceUnavailable"};
    return status >= 500 || status == 429 || contains(code, "Throttl") || is_one_of(code, codes);
}

Errc kind_of(std::string_view code, int status) {
    if (is_busy(code, status)) return Errc::unavailable;
    // Before refusals: some services send "no such thing" with 403.
    if (contains(code, "NotFound") || contains(code, "DoesNotExist")
        || contains(code, "NonExistent") || code == "NoSuchEntity" || code == "InvalidCommandId")
        return Errc::not_found;
    if (code == "ConditionalCheckFailedException") return Errc::conflict;
    if (is_refusal(code, status)) return Errc::denied;
    if (code.starts_with("Invalid") || code.starts_with("Validation")
        || code.starts_with("Malformed") || code.starts_with("Missing")
        || code.starts_with("Duplicate") || code == "SerializationException")
        return Errc::invalid_input;
    return Errc::failed;
}

} // namespace

Error to_error(const ApiError& error) {
    std::string text = error.operation.empty() ? std::string() : error.operation + ": ";
    if (!error.code.empty()) text += error.code + ": ";
    text += error.message;
    if (!error.request_id.empty()) text += " (request " + error.request_id + ")";
    if (!error.hint.empty()) text += "; " + error.hint;
    if (!error.statement.empty()) text += ":\n" + error.statement;
    return {error.kind, std::move(text)};
}

ApiError not_answered(std::string_view operation, Error error) {
    ApiError result;
    result.message = std::move(error.message);
    result.operation = operation;
    result.kind = error.code;
    return result;
}

ApiError answered_error(std::string_view operation,
                        std::string code,
                        std::string message,
                        int status,
                        std::string request_id) {
    ApiError result;
    result.kind = kind_of(code, status);
    result.code = std::move(code);
    // One line, even when it is the start of some proxy's page.
    std::replace(message.begin(), message.end(), '\n', ' ');
    result.message = std::move(message);
    result.request_id = std::move(request_id);
    result.status = status;
    result.operation = operation;
    if (result.kind == Errc::denied) explain_refusal(result);
    return result;
}

std::optional<std::string> policy_statement(const ApiError& error) {
    return error.statement.empty() ? std::nullopt : std::optional(error.statement);
}

} // namespace squall::aws
