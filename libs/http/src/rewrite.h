// Response heads made anew from those of the application.
#pragma once

#include "squall/http/reason.h"
#include "squall/http/treatment.h"

#include <string>

namespace squall::http {

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
