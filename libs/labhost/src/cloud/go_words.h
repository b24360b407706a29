// Failures in the words of the real ECS agent, which is written in Go and speaks to AWS by the SDK
// for Go: what people and tools look for in its log. Each word stands for what really failed.
#pragma once

#include "squall/base/clock.h"
#include "squall/transport/net_problem.h"

#include <string>
#include <string_view>

namespace squall::labhost {

// Of Go's net, crypto/tls and crypto/x509: "dial tcp 10.0.0.12:443: i/o timeout".
[[nodiscard]] std::string go_text(const transport::NetProblem& problem, WallTime now);

// Of net/http: `Post "https://…/": ` and what failed. With "proxyconnect tcp: " where it was the
// way to a proxy that was to tunnel (`is_tls`).
[[nodiscard]] std::string go_request_text(std::string_view method,
                                          const std::string& url,
                                          const transport::NetProblem& problem,
                                          WallTime now);

// Of gorilla's websocket: as go_text(), and "websocket: bad handshake" for another answer than the
// upgrade.
[[nodiscard]] std::string go_websocket_text(const transport::NetProblem& problem, WallTime now);

// True for errors that the SDK's model of an operation knows: they have no "api error" before them.
[[nodiscard]] bool is_modelled(std::string_view operation, std::string_view code);

} // namespace squall::labhost
