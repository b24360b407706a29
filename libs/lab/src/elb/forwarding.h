// What an application load balancer does to messages on their way, and what it says by itself.
// Pure.
#pragma once

#include "squall/wire/http_message.h"

namespace squall::lab::elb {

// As the target gets it: X-Forwarded-For, -Proto and -Port, X-Amzn-Trace-Id, and nothing that is
// for one connection only.
[[nodiscard]] wire::HttpRequest
forwarded(wire::HttpRequest request, std::uint16_t listener_port, const std::string& trace_id);

// As the client gets it.
[[nodiscard]] wire::HttpResponse handed_on(wire::HttpResponse response);

// The load balancer's own page: 502, 503 or 504.
[[nodiscard]] wire::HttpResponse own_answer(int status);

} // namespace squall::lab::elb
