// Response heads made anew from those of the application.
#pragma once

#include "squall/http/treatment.h"

#include <string>

namespace squall::http {

// The reason phrases of RFC 9110 and the registry; "Chaos" for those that nobody has named.
[[nodiscard]] std::string_view reason_of(int status);

// A response of this status may have content (RFC 9110: not 1xx, 204, 205 and 304).
[[nodiscard]] bool has_content(int status);
// It may say how long that is (not 1xx and 204; 304 would speak of another response).
[[nodiscard]] bool has_length(int status);

// How the response reaches the client.
struct Rewritten {
    std::string head;      // with its empty line
    std::string content;   // instead of the application's own, when `replaces`
    bool replaces = false; // the application's body is read and dropped
};

[[nodiscard]] Rewritten rewrite(const ResponseHead& head,
                                std::string_view request_method,
                                const Treatment& treatment,
                                bool closes);

} // namespace squall::http
