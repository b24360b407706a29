// A websocket over a connected socket, in either role. Internal to this library.
#pragma once

#include "squall/transport/websocket.h"
#include "stream.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <deque>
#include <optional>

namespace squall::transport {

using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

struct UpgradeOutcome {
    boost::system::error_code error;
    int status = 0;
    std::string body;
};

class WebSocketSession final : public WebSocket,
                               public std::enable_shared_from_this<WebSocketSession> {
public:
    WebSocketSession(Stream stream, WebSocketEvents events);

    // Server: answers the upgrade, then reads.
    void accept(const UpgradeRequest& request);
    // Client: asks for the upgrade, then reads. `opened` gets no error, or why there is no
    // websocket: with the answer's status and body, where that is another one.
    void handshake(const wire::Url& url,
                   const wire::Headers& headers,
                   std::function<void(const UpgradeOutcome& outcome)> opened);

    void send(std::string text) override;
    void close(std::uint16_t code, const std::string& reason) override;
    void drop() override;

private:
    struct CloseFrame {
        std::uint16_t code = 0;
        std::string reason;
    };

    void begin();
    void read();
    void write_next();
    void say_goodbye();
    void ended(const boost::system::error_code& error);
    [[nodiscard]] std::string end_text(const boost::system::error_code& error) const;

    boost::beast::websocket::stream<Stream> stream_;
    WebSocketEvents events_;
    boost::beast::flat_buffer buffer_;
    std::deque<std::string> queue_; // the first one is being written
    boost::asio::steady_timer close_timer_;
    bool open_ = false;
    bool writing_ = false;
    std::optional<CloseFrame> closing_; // what we say, once the queue is empty
    bool ended_ = false;
};

} // namespace squall::transport
