// An HTTP/1.1 and websocket server on a loop. Handlers run on the loop's thread and may answer
// later.
#pragma once

#include "squall/base/fd.h"
#include "squall/transport/loop.h"
#include "squall/transport/tls.h"
#include "squall/transport/websocket.h"
#include "squall/wire/http_message.h"

#include <functional>
#include <memory>

namespace squall::transport {

// The right to answer one request, once, at any later time on the loop's thread. If all copies are
// destroyed without an answer, the client gets 500.
class Responder {
public:
    struct Exchange;

    explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

    void respond(wire::HttpResponse response);
    // The answer's head at once; its body is that of the respond() to come, of which nothing else
    // counts then. Without one the connection ends. Does nothing for HTTP/1.0 and HEAD, whose
    // answers come in one piece.
    void respond_head(const wire::HttpResponse& head);
    // For servers that fail on purpose: the answer's head with its whole Content-Length,
    // `body_size` bytes of its body, and the connection ends.
    void respond_in_part(wire::HttpResponse response, std::size_t body_size);
    // As it, without a byte of an answer.
    void hang_up();
    // True if the request asks for an upgrade to a websocket.
    [[nodiscard]] bool wants_websocket() const;
    // Upgrades. The pointer may be used as soon as this returns; messages wait until the handshake
    // is over.
    [[nodiscard]] WebSocketPtr accept_websocket(WebSocketEvents events);
    // The client's address in numbers; empty where it has none, as on a Unix socket.
    [[nodiscard]] std::string client_address() const;
    // True while the client is still there to be answered.
    [[nodiscard]] bool is_open() const;

private:
    std::shared_ptr<Exchange> exchange_; // shared with the connection, which may end first
};

struct ServerCore; // opaque

// How a server speaks to its clients.
struct ServerLimits {
    std::size_t head_max = 64U << 10U;
    std::size_t body_max = 8U << 20U;       // a larger body is answered with 413
    Millis idle_max = Seconds(120);         // a connection without a request is closed after this
    std::shared_ptr<const TlsIdentity> tls; // with it TLS is spoken, and nothing else
    // What clients at one address are shown in its place; nothing, or null: the same.
    std::function<std::shared_ptr<const TlsIdentity>(const std::string& client_address)> tls_for;
};

class HttpServer {
public:
    using Handler = std::function<void(wire::HttpRequest request, Responder responder)>;

    // Serves what connects to `listening` (see socket.h) until destroyed. The loop must outlive the
    // server.
    HttpServer(Loop& loop, Fd listening, Handler handler, ServerLimits limits = {});
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer();

private:
    std::shared_ptr<ServerCore> core_; // shared with connections that are still being served
};

} // namespace squall::transport
