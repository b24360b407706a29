// How gRPC says that something went wrong: HTTP status 200, and a status of its own in the trailers
// (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md and doc/http-grpc-status-mapping.md).
#pragma once

#include <string>
#include <string_view>

namespace squall::http::http2 {

[[nodiscard]] bool is_grpc(std::string_view content_type);

// What a client of gRPC takes an HTTP status for.
[[nodiscard]] int grpc_status_of(int http_status);

// grpc-message, in its percent-encoding.
[[nodiscard]] std::string grpc_message_of(int http_status);

} // namespace squall::http::http2
