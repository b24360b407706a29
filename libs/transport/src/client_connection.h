// One client connection, asynchronous, on somebody's io_context. Each operation ends with exactly
// one call of its `done`; one operation at a time.
#pragma once

#include "resolve.h"
#include "squall/wire/http_message.h"
#include "stream.h"

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>

namespace squall::transport {

struct ExchangeResult {
    boost::system::error_code error;
    wire::HttpResponse response;
    std::string reason;          // the words of its status
    bool was_written = false;    // the request went out whole
    bool kept_alive = false;     // the connection may carry another exchange
    bool answer_started = false; // some of an answer had arrived before the error
};

class ClientConnection {
public:
    using Done = std::function<void(boost::system::error_code)>;

    explicit ClientConnection(boost::asio::io_context& context);
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;
    ~ClientConnection();

    void connect(const Endpoint& endpoint, Done done);
    void start_tls(TlsTrust& trust, const std::string& host, Done done);
    void exchange(const wire::HttpRequest& request,
                  std::size_t response_max,
                  std::function<void(ExchangeResult)> done);
    // Ends whatever is pending, with operation_aborted.
    void close();
    // True if the server has closed its side, or sent what nobody asked for.
    [[nodiscard]] bool is_stale();
    // Why the last TLS handshake failed, where it was the certificate.
    [[nodiscard]] TlsVerdict tls_verdict() const;
    // The descriptor, borrowed; -1 where it is not connected.
    [[nodiscard]] int descriptor() const;
    // What is connected goes to somebody else, between two exchanges; this one is of no more use.
    [[nodiscard]] Stream release();

private:
    struct Parts;
    std::shared_ptr<Parts> parts_; // shared with the pending operation
};

} // namespace squall::transport
