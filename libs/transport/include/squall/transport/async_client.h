// HTTP requests and websockets on a loop, without blocking it: by name, over TLS, through proxies.
// What fails is told as NetProblem. Everything runs on the loop's thread.
#pragma once

#include "squall/transport/http_client.h"
#include "squall/transport/net_problem.h"
#include "squall/transport/websocket.h"

namespace squall::transport {

class AsyncClient {
public:
    struct Settings {
        ProxySettings proxy;
        // Certificates of the authorities to trust. Nothing: as with HttpClient. From a file that
        // cannot be read nobody is trusted: the handshake says so.
        std::optional<Path> ca_file;
        Millis connect_timeout = Seconds(30); // with what it takes to look the name up
        Millis tls_timeout = Seconds(10);
        std::size_t response_max = 64U << 20U;
    };

    AsyncClient(Loop& loop, Settings settings);
    AsyncClient(const AsyncClient&) = delete;
    AsyncClient& operator=(const AsyncClient&) = delete;
    ~AsyncClient();

    // Any HTTP status is an answer. Each request has a connection for itself.
    void send(const wire::Url& server,
              wire::HttpRequest request,
              Millis timeout,
              std::function<void(Result<wire::HttpResponse, NetProblem>)> done);

    // Upgrades, with these headers on the request; an HTTP answer other than 101 is a problem that
    // carries its status and body.
    void connect_websocket(const wire::Url& server,
                           const wire::Headers& headers,
                           Millis timeout,
                           WebSocketEvents events,
                           std::function<void(Result<WebSocketPtr, NetProblem>)> on_open);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace squall::transport
