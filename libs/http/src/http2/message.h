// What the fields of HTTP/2 messages say, read as strictly as RFC 9113, 8 wants it.
#pragma once

#include "fields.h"
#include "squall/http/head.h"

namespace squall::http::http2 {

// A request's head as faults look at it: `:path` is its target (of CONNECT the authority), and
// Host is there even if only `:authority` was. The views are into the fields. Null, or what makes
// it malformed.
[[nodiscard]] const char* read_request(const FieldBlock& fields, RequestHead& head);

struct ResponseStatus {
    int status = 0;
    const char* problem = nullptr;
};

[[nodiscard]] ResponseStatus read_response(const FieldBlock& fields);

// Null, or what makes them malformed.
[[nodiscard]] const char* check_trailers(const FieldBlock& fields);

} // namespace squall::http::http2
