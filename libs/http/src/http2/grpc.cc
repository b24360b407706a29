#include "grpc.h"

#include "squall/http/reason.h"

#include <fmt/format.h>

namespace squall::http::http2 {

bool is_grpc(std::string_view content_type) {
    constexpr std::string_view name = "application/grpc";
    if (!content_type.starts_with(name)) return false;
    // application/grpc-web is another protocol, which has its status in the body.
    const auto rest = content_type.substr(name.size());
    return rest.empty() || rest.front() == '+' || rest.front() == ';';
}

int grpc_status_of(int http_status) {
    switch (http_status) {
    case 400:
        return 13; // INTERNAL
    case 401:
        return 16; // UNAUTHENTICATED
    case 403:
        return 7; // PERMISSION_DENIED
    case 404:
        return 12; // UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
        return 14; // UNAVAILABLE
    default:
        return 2; // UNKNOWN
    }
}

std::string grpc_message_of(int http_status) {
    // No reason has a character that would have to be encoded.
    return fmt::format("{} {} (made by Squall)", http_status, reason_of(http_status));
}

} // namespace squall::http::http2
