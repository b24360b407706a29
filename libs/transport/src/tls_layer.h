// TLS over a connected socket, from either side. Its code is in tls_layer.cc alone: Asio's part of
// it takes long to compile. Internal to this library.
#pragma once

#include "squall/base/file.h"
#include "squall/transport/net_problem.h"
#include "squall/transport/tls.h"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <vector>

namespace squall::transport {

using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol>;

// The authorities that a client trusts.
class TlsTrust {
public:
    [[nodiscard]] static Result<std::shared_ptr<TlsTrust>> from_file(const Path& file);
    [[nodiscard]] static std::shared_ptr<TlsTrust> of_nobody();

    struct Parts;

    explicit TlsTrust(std::unique_ptr<Parts> parts);
    TlsTrust(const TlsTrust&) = delete;
    TlsTrust& operator=(const TlsTrust&) = delete;
    ~TlsTrust();

    [[nodiscard]] Parts& parts() { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

class TlsLayer {
public:
    using Done = std::function<void(boost::system::error_code)>;
    using TransferDone = std::function<void(boost::system::error_code, std::size_t)>;

    TlsLayer() = default;
    TlsLayer(const TlsLayer&) = delete;
    TlsLayer& operator=(const TlsLayer&) = delete;
    virtual ~TlsLayer() = default;

    virtual void handshake(Done done) = 0;
    virtual void read_some(const std::vector<boost::asio::mutable_buffer>& into,
                           TransferDone done) = 0;
    virtual void write_some(const std::vector<boost::asio::const_buffer>& from,
                            TransferDone done) = 0;
    [[nodiscard]] virtual TlsVerdict verdict() const = 0;
};

// The socket must outlive the layer. `host`: a name, or a numeric address, that the certificate has
// to be for.
[[nodiscard]] std::unique_ptr<TlsLayer>
tls_client(Socket& socket, TlsTrust& trust, const std::string& host);
[[nodiscard]] std::unique_ptr<TlsLayer> tls_server(Socket& socket, const TlsIdentity& identity);

// True where the other side broke TLS's rules, or said that we did; false for what happened to the
// connection.
[[nodiscard]] bool is_tls_error(const boost::system::error_code& error);
// The connection ended without TLS's own goodbye.
[[nodiscard]] bool is_tls_cut(const boost::system::error_code& error);

} // namespace squall::transport
