// Heads and trailers of responses, made anew from those of the application.
#pragma once

#include "fields.h"
#include "squall/http/treatment.h"

namespace squall::http::http2 {

// How the response reaches the client.
struct Rewritten {
    FieldBlock head;
    std::shared_ptr<const std::string> body; // instead of the application's own, when `replaces`
    bool replaces = false;                   // the application's body is read and dropped
};

// `status`: what the application said.
[[nodiscard]] Rewritten
rewrite(const FieldBlock& fields, int status, bool is_head, const Treatment& treatment);

// The same fields with the status of gRPC that stands for an HTTP status: of trailers, or of a head
// that is the whole response.
[[nodiscard]] FieldBlock with_grpc_status(const FieldBlock& fields, int http_status);

} // namespace squall::http::http2
