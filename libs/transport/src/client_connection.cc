#include "client_connection.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <poll.h>

#include <optional>

namespace squall::transport {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

struct ClientConnection::Parts {
    explicit Parts(asio::io_context& context) : stream(Socket(context)) {}

    // What came of an exchange that ended writing and reading with these.
    ExchangeResult result_of(error_code written, error_code read);

    Stream stream;
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
    result.was_written = !written;
    if (!result.error) {
        result.kept_alive = parser->keep_alive() && !written;
        result.reason = std::string(parser->get().reason());
        result.response = from_beast(parser->release());
    }
    return result;
}

ClientConnection::ClientConnection(asio::io_context& context)
    : parts_(std::make_shared<Parts>(context)) {}

ClientConnection::~ClientConnection() { close(); }

void ClientConnection::connect(const Endpoint& endpoint, Done done) {
    parts_->stream.close();
    parts_->stream.socket().async_connect(
        endpoint, [parts = parts_, done = std::move(done)](error_code error) {
            error_code not_tcp; // a unix socket has no such option
            if (!error) parts->stream.socket().set_option(asio::ip::tcp::no_delay(true), not_tcp);
            done(error);
        });
}

void ClientConnection::start_tls(TlsTrust& trust, const std::string& host, Done done) {
    parts_->stream.use(tls_client(parts_->stream.socket(), trust, host));
    parts_->stream.tls()->handshake(
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
    http::async_write(parts->stream,
                      parts->request,
                      [parts, done = std::move(done)](error_code written, std::size_t) {
                          // A server may answer and close without reading everything: its answer
                          // counts, so read in any case.
                          http::async_read(parts->stream,
                                           parts->buffer,
                                           *parts->parser,
                                           [parts, done, written](error_code read, std::size_t) {
                                               done(parts->result_of(written, read));
                                           });
                      });
}

void ClientConnection::close() { parts_->stream.close(); }

bool ClientConnection::is_stale() {
    if (!parts_->stream.socket().is_open() || parts_->buffer.size() != 0) return true;
    pollfd waited{parts_->stream.socket().native_handle(), POLLIN, 0};
    return ::poll(&waited, 1, 0) != 0;
}

TlsVerdict ClientConnection::tls_verdict() const {
    return parts_->stream.tls() != nullptr ? parts_->stream.tls()->verdict() : TlsVerdict{};
}

int ClientConnection::descriptor() const {
    Socket& socket = parts_->stream.socket();
    return socket.is_open() ? socket.native_handle() : -1;
}

Stream ClientConnection::release() { return std::move(parts_->stream); }

} // namespace squall::transport
