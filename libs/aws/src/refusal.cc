#include "refusal.h"

#include "squall/base/text.h"

namespace squall::aws {
namespace {

// What stands behind `marker` up to the next blank, without the full stop that may end a sentence.
std::string word_after(std::string_view text, std::string_view marker) {
    const std::size_t at = text.find(marker);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + marker.size());
    const std::size_t start = text.find_first_not_of(": ");
    if (start == std::string_view::npos) return {};
    text.remove_prefix(start);
    std::string word(text.substr(0, text.find_first_of(" \t\r\n")));
    while (!word.empty() && (word.back() == '.' || word.back() == ','))
        word.pop_back();
    return word;
}

// EC2: "… Encoded authorization failure message: <base64-like text>".
std::string take_encoded(std::string& message) {
    constexpr std::string_view marker = "Encoded authorization failure message";
    const std::size_t at = message.find(marker);
    if (at == std::string::npos) return {};
    std::string encoded = word_after(std::string_view(message).substr(at), marker);
    message = trimmed(std::string_view(message).substr(0, at));
    return encoded;
}

std::string hint_for_missing_permission(const ApiError& error) {
    if (is_explicit_deny(error.message))
        return "a policy denies this outright, so an Allow elsewhere does not help: find that Deny";
    const std::string who = error.principal.empty() ? "these credentials" : error.principal;
    const std::string where = error.resource.empty() ? "" : " on " + error.resource;
    return fmt::format("allow {}{} for {}", error.action, where, who);
}

std::string hint_for_bad_credentials(std::string_view code) {
    if (code.starts_with("ExpiredToken")) return "renew the credentials";
    if (code == "UnrecognizedClientException" || code == "InvalidClientTokenId")
        return "AWS does not know this access key: it was deleted, is mistyped, lacks its session "
               "token, or belongs to another partition";
    if (code == "SignatureDoesNotMatch" || code == "InvalidSignatureException"
        || code == "AuthFailure")
        return "check that the secret key belongs to the access key, and this machine's clock";
    if (code == "OptInRequired") return "the account has not enabled this region or service";
    return {};
}

} // namespace

bool is_explicit_deny(std::string_view message) {
    return message.find("explicit deny") != std::string_view::npos;
}

void explain_refusal(ApiError& error) {
    error.encoded = take_encoded(error.message);
    // "User: ARN is not authorized to perform: ecs:X on resource: ARN because …"; web identity:
    // "Not authorized to perform sts:AssumeRoleWithWebIdentity".
    error.action = word_after(error.message, "uthorized to perform");
    if (error.action.find(':') == std::string::npos) error.action = error.operation;
    if (error.message.find("is not authorized") != std::string::npos)
        error.principal = word_after(error.message, "User:");
    error.resource = word_after(error.message, "on resource:");
    const bool lacks_permission =
        error.code.starts_with("AccessDenied") || error.code == "UnauthorizedOperation";
    error.hint = lacks_permission ? hint_for_missing_permission(error)
                                  : hint_for_bad_credentials(error.code);
    if (!error.encoded.empty()) {
        error.hint +=
            fmt::format("; AWS's reason: aws sts decode-authorization-message --encoded-message {}",
                        shell_quoted(error.encoded));
    }
}

} // namespace squall::aws
