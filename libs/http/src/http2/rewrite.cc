#include "rewrite.h"

#include "../rewrite.h"
#include "grpc.h"
#include "squall/base/text.h"

namespace squall::http::http2 {

Rewritten rewrite(const FieldBlock& fields, int status, bool is_head, const Treatment& treatment) {
    Rewritten result;
    const int wanted = treatment.status.value_or(status);
    const auto [replaces_body, drops_body] = body_change(status, wanted, treatment);
    result.replaces = replaces_body || drops_body;
    if (replaces_body && !is_head) result.body = treatment.body;
    result.head.add(":status", std::to_string(wanted));
    for (std::size_t number = 0; number < fields.size(); ++number) {
        const auto name = fields.name(number);
        if (name.starts_with(':') || is_named_in(treatment.fields.get(), name)) continue;
        if (replaces_body && is_about_the_body(name)) continue;
        if (drops_body && is_framing(name)) continue;
        result.head.add(name, fields.value(number), fields.is_secret(number));
    }
    if (treatment.fields) {
        for (const auto& [name, value] : *treatment.fields)
            result.head.add(lower(name), value);
    }
    if (result.replaces && has_length(wanted))
        result.head.add("content-length",
                        std::to_string(replaces_body ? treatment.body->size() : std::size_t{0}));
    return result;
}

FieldBlock with_grpc_status(const FieldBlock& fields, int http_status) {
    FieldBlock result;
    for (std::size_t number = 0; number < fields.size(); ++number) {
        const auto name = fields.name(number);
        if (name == "grpc-status" || name == "grpc-message" || name == "grpc-status-details-bin")
            continue;
        result.add(name, fields.value(number), fields.is_secret(number));
    }
    result.add("grpc-status", std::to_string(grpc_status_of(http_status)));
    result.add("grpc-message", grpc_message_of(http_status));
    return result;
}

} // namespace squall::http::http2
