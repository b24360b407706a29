// Heads made anew from those that came.
#pragma once

#include "squall/http/reason.h"
#include "squall/http/treatment.h"

#include <string>

namespace squall::http {

// Of an application's answer, whose status is to become another:
struct BodyChange {
    bool replaces = false; // by the treatment's
    bool drops = false;    // there is none afterwards
};

[[nodiscard]] BodyChange body_change(int status, int wanted, const Treatment& treatment);

// What says how the body is framed, or speaks of its bytes.
[[nodiscard]] bool is_about_the_body(std::string_view name);
[[nodiscard]] bool is_framing(std::string_view name);
[[nodiscard]] bool is_named_in(const FieldList* fields, std::string_view name);

// A request that offers HTTP/2, as one that does not: an application that took the offer would be
// beyond all faults.
[[nodiscard]] std::string without_offer(const RequestHead& head);

// A head with these fields after its own.
[[nodiscard]] std::string with_fields(std::string head, const FieldList& fields);

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
