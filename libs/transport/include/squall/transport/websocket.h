// One websocket connection (RFC 6455), seen from either end. Lives on its loop's thread.
#pragma once

#include "squall/transport/loop.h"
#include "squall/wire/http_message.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace squall::transport {

struct WebSocketEvents {
    // A whole text message, whatever number of frames it came in. Binary messages are given too.
    std::function<void(std::string_view text)> on_message;
    // The last call, exactly once: `reason` says how it ended ("closed with 1000 …", "end of
    // stream").
    std::function<void(const std::string& reason)> on_closed;
};

class WebSocket {
public:
    // A message larger than this ends the connection with close code 1009.
    static constexpr std::size_t message_max = 4U << 20U;
    // Messages that wait to be written; past this the peer is held for dead.
    static constexpr std::size_t queue_max = 4096;

    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;
    virtual ~WebSocket() = default;
    virtual void send(std::string text) = 0;
    // Says goodbye; on_closed follows when the peer has answered, or after five seconds.
    virtual void close(std::uint16_t code, const std::string& reason) = 0;
    // Ends the connection at once, without a close frame; on_closed follows.
    virtual void drop() = 0;

protected:
    WebSocket() = default;
};

// shared_ptr: the connection lives while its owner holds it or an operation is pending, whichever
// is longer.
using WebSocketPtr = std::shared_ptr<WebSocket>;

} // namespace squall::transport
