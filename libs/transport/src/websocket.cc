#include "websocket_session.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace squall::transport {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

constexpr Seconds close_timeout{5};

} // namespace

WebSocketSession::WebSocketSession(Stream stream, WebSocketEvents events)
    : stream_(std::move(stream)), events_(std::move(events)), close_timer_(stream_.get_executor()) {
    stream_.read_message_max(message_max);
    stream_.text(true);
    error_code not_tcp; // a unix socket has no such option
    stream_.next_layer().socket().set_option(asio::ip::tcp::no_delay(true), not_tcp);
}

void WebSocketSession::accept(const UpgradeRequest& request) {
    stream_.async_accept(request, [self = shared_from_this()](error_code error) {
        if (error)
            self->ended(error);
        else
            self->begin();
    });
}

void WebSocketSession::handshake(const wire::Url& url,
                                 const wire::Headers& headers,
                                 std::function<void(const UpgradeOutcome&)> opened) {
    stream_.set_option(
        websocket::stream_base::decorator([headers](websocket::request_type& request) {
            for (const auto& header : headers)
                request.set(header.name, header.value);
        }));
    auto response = std::make_shared<websocket::response_type>();
    stream_.async_handshake(
        *response,
        url.host_header(),
        url.target,
        [self = shared_from_this(), response, opened = std::move(opened)](error_code error) {
            if (!error) {
                self->open_ = true;
                opened({});
                self->begin();
            } else if (error == websocket::error::upgrade_declined) {
                opened({error, static_cast<int>(response->result_int()), response->body()});
            } else {
                opened({error, 0, {}});
            }
        });
}

void WebSocketSession::begin() {
    open_ = true;
    read();
    if (!queue_.empty() && !writing_) write_next();
}

void WebSocketSession::read() {
    stream_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
        if (error) return self->ended(error);
        const std::string text = boost::beast::buffers_to_string(self->buffer_.data());
        self->buffer_.consume(self->buffer_.size());
        if (!self->ended_ && self->events_.on_message) self->events_.on_message(text);
        self->read();
    });
}

void WebSocketSession::send(std::string text) {
    if (ended_ || closing_) return;
    if (queue_.size() >= queue_max) return drop();
    queue_.push_back(std::move(text));
    if (!writing_) write_next();
}

void WebSocketSession::write_next() {
    if (!open_ || ended_) return;
    if (queue_.empty()) {
        if (closing_) say_goodbye();
        return;
    }
    writing_ = true;
    stream_.async_write(asio::buffer(queue_.front()),
                        [self = shared_from_this()](error_code error, std::size_t) {
                            self->writing_ = false;
                            // The reading side reports how the connection ended.
                            if (error || self->ended_) return;
                            self->queue_.pop_front();
                            self->write_next();
                        });
}

void WebSocketSession::close(std::uint16_t code, const std::string& reason) {
    if (ended_ || closing_) return;
    if (!open_) return drop();
    closing_ = CloseFrame{code, reason};
    close_timer_.expires_after(close_timeout);
    close_timer_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (!cancelled) self->drop();
    });
    if (!writing_) write_next();
}

void WebSocketSession::say_goodbye() {
    const auto code = static_cast<websocket::close_code>(closing_->code);
    stream_.async_close(websocket::close_reason(code, closing_->reason),
                        [self = shared_from_this()](error_code error) {
                            self->ended(error ? error : make_error_code(websocket::error::closed));
                        });
}

void WebSocketSession::drop() {
    stream_.next_layer().close();
    // Where no read is pending (the handshake is not over), nobody else would say it.
    asio::post(stream_.get_executor(),
               [self = shared_from_this()] { self->ended(asio::error::operation_aborted); });
}

std::string WebSocketSession::end_text(const error_code& error) const {
    // A read that our own closing ended is no error of its own.
    if (closing_
        && (error == websocket::error::closed || error == asio::error::operation_aborted)) {
        return fmt::format("closed with {} {}", closing_->code, closing_->reason);
    }
    if (error == websocket::error::closed) {
        const auto& reason = stream_.reason();
        return fmt::format("closed with {} {}",
                           static_cast<int>(reason.code),
                           std::string_view(reason.reason.data(), reason.reason.size()));
    }
    if (error == asio::error::eof || is_tls_cut(error)) return "end of stream";
    return error.message();
}

void WebSocketSession::ended(const error_code& error) {
    if (ended_) return;
    ended_ = true;
    close_timer_.cancel();
    stream_.next_layer().close();
    if (events_.on_closed) events_.on_closed(end_text(error));
    events_ = {}; // what the callbacks hold is let go
}

} // namespace squall::transport
