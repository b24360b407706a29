#include "client_connection.h"

#include "squall/base/text.h"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <poll.h>

#include <optional>

namespace squall::transport {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol>;

struct ClientConnection::Parts {
    explicit Parts(asio::io_context& context) : socket(context) {}

    // What came of an exchange that ended writing and reading with these.
    ExchangeResult result_of(error_code written, error_code read);

    Socket socket;
    std::optional<asio::ssl::stream<Socket&>> tls;
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    std::optional<http::response_parser<http::string_body>> parser;
};

namespace {

http::request<http::string_body> to_beast(const wire::HttpRequest& from) {
    http::request<http::string_body> request;
    request.version(11);
    request.method_string(from.method);
    request.target(from.target);
    for (const auto& header : from.headers)
        request.insert(header.name, header.value);
    request.body() = from.body;
    if (!from.body.empty() || from.method == "POST" || from.method == "PUT")
        request.prepare_payload();
    return request;
}

wire::HttpResponse from_beast(http::response<http::string_body>&& from) {
    wire::HttpResponse response;
    response.status = static_cast<int>(from.result_int());
    for (const auto& field : from)
        response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    response.body = std::move(from.body());
    return response;
}

} // namespace

ExchangeResult ClientConnection::Parts::result_of(error_code written, error_code read) {
    ExchangeResult result;
    result.answer_started = parser->got_some();
    result.error = read && written ? written : read;
    if (!result.error) {
        result.kept_alive = parser->keep_alive() && !written;
        result.response = from_beast(parser->release());
    }
    return result;
}

ClientConnection::ClientConnection(asio::io_context& context)
    : parts_(std::make_shared<Parts>(context)) {}

ClientConnection::~ClientConnection() { close(); }

void ClientConnection::connect(const Endpoint& endpoint, Done done) {
    error_code ignored;
    parts_->socket.close(ignored);
    parts_->socket.async_connect(
        endpoint, [parts = parts_, done = std::move(done)](error_code error) {
            error_code not_tcp; // a unix socket has no such option
            if (!error) parts->socket.set_option(asio::ip::tcp::no_delay(true), not_tcp);
            done(error);
        });
}

void ClientConnection::start_tls(asio::ssl::context& tls, const std::string& host, Done done) {
    ::ERR_clear_error();
    parts_->tls.emplace(parts_->socket, tls);
    parts_->tls->set_verify_mode(asio::ssl::verify_peer);
    // OpenSSL's own check, because it says afterwards what it did not like.
    X509_VERIFY_PARAM* const expected = SSL_get0_param(parts_->tls->native_handle());
    if (numeric_endpoint(host, 0)) {
        X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
    } else {
        X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
        // The server name for SNI; OpenSSL's own macro for it casts in the old style.
        SSL_ctrl(parts_->tls->native_handle(),
                 SSL_CTRL_SET_TLSEXT_HOSTNAME,
                 TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host.c_str()));
    }
    parts_->tls->async_handshake(
        asio::ssl::stream_base::client,
        [parts = parts_, done = std::move(done)](error_code error) { done(error); });
}

void ClientConnection::exchange(const wire::HttpRequest& request,
                                std::size_t response_max,
                                std::function<void(ExchangeResult)> done) {
    const auto& parts = parts_;
    parts->request = to_beast(request);
    parts->parser.emplace();
    parts->parser->body_limit(response_max);
    parts->parser->header_limit(256U << 10U);
    if (request.method == "CONNECT" || request.method == "HEAD") parts->parser->skip(true);
    const auto on_stream = [parts, done = std::move(done)](auto& stream) {
        http::async_write(
            stream, parts->request, [parts, done, &stream](error_code written, std::size_t) {
                // A server may answer and close without reading everything: its answer counts, so
                // read in any case.
                http::async_read(stream,
                                 parts->buffer,
                                 *parts->parser,
                                 [parts, done, written](error_code read, std::size_t) {
                                     done(parts->result_of(written, read));
                                 });
            });
    };
    if (parts->tls)
        on_stream(*parts->tls);
    else
        on_stream(parts->socket);
}

void ClientConnection::close() {
    error_code ignored;
    parts_->socket.close(ignored);
}

bool ClientConnection::is_stale() {
    if (!parts_->socket.is_open() || parts_->buffer.size() != 0) return true;
    pollfd waited{parts_->socket.native_handle(), POLLIN, 0};
    return ::poll(&waited, 1, 0) != 0;
}

std::string ClientConnection::tls_problem() const {
    if (!parts_->tls) return {};
    const long verdict = SSL_get_verify_result(parts_->tls->native_handle());
    return verdict == X509_V_OK ? std::string()
                                : std::string(X509_verify_cert_error_string(verdict));
}

} // namespace squall::transport
