// A connected socket, with or without TLS over it: what Beast reads from and writes to. Internal to
// this library.
#pragma once

#include "tls_layer.h"

#include <boost/asio/async_result.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <memory>
#include <utility>

namespace squall::transport {

class Stream {
public:
    using executor_type = Socket::executor_type;

    explicit Stream(Socket socket) : socket_(std::make_unique<Socket>(std::move(socket))) {}

    [[nodiscard]] executor_type get_executor() { return socket_->get_executor(); }

    [[nodiscard]] Socket& socket() { return *socket_; }

    [[nodiscard]] const Socket& socket() const { return *socket_; }

    // From its handshake on all bytes go through it. It stays with the socket, and so does this.
    void use(std::unique_ptr<TlsLayer> tls) { tls_ = std::move(tls); }

    [[nodiscard]] TlsLayer* tls() const { return tls_.get(); }

    // Of one that was moved from there is nothing to close.
    void close() {
        boost::system::error_code ignored;
        if (socket_) socket_->close(ignored);
    }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        if (!tls_) return socket_->async_read_some(buffers, std::forward<Handler>(handler));
        tls_->read_some({boost::asio::buffer_sequence_begin(buffers),
                         boost::asio::buffer_sequence_end(buffers)},
                        shared(std::forward<Handler>(handler)));
    }

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        if (!tls_) return socket_->async_write_some(buffers, std::forward<Handler>(handler));
        tls_->write_some({boost::asio::buffer_sequence_begin(buffers),
                          boost::asio::buffer_sequence_end(buffers)},
                         shared(std::forward<Handler>(handler)));
    }

private:
    // Beast's handlers can be moved only, and a std::function wants to copy.
    template <class Handler>
    static TlsLayer::TransferDone shared(Handler&& handler) {
        return [held = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler))](
                   boost::system::error_code error, std::size_t size) {
            (*held)(error, size);
        };
    }

    std::unique_ptr<Socket> socket_; // where TLS can refer to it while the stream is moved
    std::unique_ptr<TlsLayer> tls_;
};

// How Beast's websockets end a connection: by the socket's end, which is all that a peer needs
// after the close frames.
inline void beast_close_socket(Stream& stream) { stream.close(); }

template <class Handler>
void async_teardown(boost::beast::role_type role, Stream& stream, Handler&& handler) {
    boost::beast::websocket::async_teardown(role, stream.socket(), std::forward<Handler>(handler));
}

inline void
teardown(boost::beast::role_type role, Stream& stream, boost::system::error_code& error) {
    boost::beast::websocket::teardown(role, stream.socket(), error);
}

} // namespace squall::transport
