#include "squall/transport/http_server.h"

#include "websocket_session.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <optional>
#include <unordered_set>

namespace squall::transport {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

namespace {

class Connection;

// What generic::stream_protocol lacks to be accepted with: a factory from a native socket.
asio::generic::stream_protocol protocol_of(int fd) {
    int family = 0;
    socklen_t size = sizeof family;
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
    return {family, 0};
}

// True for bytes that are no HTTP; false for a client that left, in the middle of a request or
// before one.
bool is_bad_http(const error_code& error) {
    return error.category() == make_error_code(http::error::bad_method).category()
           && error != http::error::end_of_stream && error != http::error::partial_message;
}

wire::HttpRequest to_wire(const UpgradeRequest& from) {
    wire::HttpRequest request;
    request.method = std::string(from.method_string());
    request.target = std::string(from.target());
    for (const auto& field : from)
        request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    request.body = from.body();
    return request;
}

} // namespace

struct ServerCore {
    ServerCore(Loop& on, HttpServer::Handler with, ServerLimits within)
        : loop(on), handler(std::move(with)), limits(std::move(within)), acceptor(on.context()) {}

    Loop& loop;
    HttpServer::Handler handler;
    ServerLimits limits;
    Acceptor acceptor;
    std::unordered_set<Connection*> connections; // those alive, so that the server can end them

    static void accept_next(const std::shared_ptr<ServerCore>& self);
};

namespace {

// One client. Requests are served one after the other, in order.
class Connection final : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<ServerCore> server, Socket socket)
        : server_(std::move(server)), stream_(std::move(socket)), idle_(server_->loop) {
        server_->connections.insert(this);
    }

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    ~Connection() { server_->connections.erase(this); }

    void begin();
    void read_next();
    void respond(wire::HttpResponse response, std::optional<std::size_t> body_size = std::nullopt);
    void respond_head(const wire::HttpResponse& head);
    // Nobody is left who could answer.
    void forget();
    WebSocketPtr accept_websocket(WebSocketEvents events);
    void end();

    [[nodiscard]] bool is_open() const {
        return !is_taken_ && stream_.socket().is_open() && !gone_;
    }

    [[nodiscard]] bool is_upgrade() const { return is_upgrade_; }

    [[nodiscard]] std::string client_address() const;

private:
    void on_head(const error_code& error);
    void read_body();
    void on_read(const error_code& error);
    void on_request();
    void watch_for_end();
    void write_rest();
    void on_written(const error_code& error);

    std::shared_ptr<ServerCore> server_;
    Stream stream_;
    Timer idle_;
    boost::beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    UpgradeRequest upgrade_;
    http::response<http::string_body> response_;
    http::response<http::empty_body> go_on_;
    http::response<http::empty_body> early_head_;
    std::optional<http::response_serializer<http::empty_body>> early_;
    std::string rest_; // of an answer whose head went first
    bool is_early_written_ = false;
    bool is_head_ = false;
    bool is_old_ = false; // HTTP/1.0
    bool is_upgrade_ = false;
    bool keep_alive_ = false;
    bool answered_ = false;
    bool gone_ = false;
    bool is_taken_ = false; // by a websocket
};

} // namespace

struct Responder::Exchange {
    explicit Exchange(std::shared_ptr<Connection> on) : connection(std::move(on)) {}

    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    ~Exchange() {
        if (!used) connection->forget();
    }

    std::shared_ptr<Connection> connection;
    bool used = false;
};

namespace {

void Connection::begin() {
    if (!server_->limits.tls) return read_next();
    idle_.start(server_->limits.idle_max, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->end();
    });
    auto identity = server_->limits.tls_for ? server_->limits.tls_for(client_address()) : nullptr;
    if (!identity) identity = server_->limits.tls;
    stream_.use(tls_server(stream_.socket(), *identity));
    stream_.tls()->handshake([self = shared_from_this()](error_code error) {
        if (error) return self->end();
        self->read_next();
    });
}

void Connection::read_next() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_->limits.head_max));
    parser_->body_limit(server_->limits.body_max);
    answered_ = false;
    early_.reset();
    is_early_written_ = false;
    idle_.start(server_->limits.idle_max, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->end();
    });
    http::async_read_header(
        stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            self->on_head(error);
        });
}

// Clients that send much ask first, and would wait for a second (RFC 9110, 10.1.1).
void Connection::on_head(const error_code& error) {
    if (error) return on_read(error);
    const auto& head = parser_->get();
    is_head_ = head.method() == http::verb::head;
    is_old_ = head.version() < 11;
    if (parser_->is_done() || !boost::beast::iequals(head[http::field::expect], "100-continue"))
        return read_body();
    go_on_ = {http::status::continue_, 11};
    http::async_write(stream_, go_on_, [self = shared_from_this()](error_code failed, std::size_t) {
        if (failed) return self->end();
        self->read_body();
    });
}

void Connection::read_body() {
    http::async_read(
        stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            self->on_read(error);
        });
}

void Connection::on_read(const error_code& error) {
    idle_.cancel();
    if (error == http::error::body_limit || error == http::error::header_limit) {
        keep_alive_ = false;
        return respond({413, {{"Content-Type", "text/plain"}}, "the request is too large\n"});
    }
    if (error && is_bad_http(error)) {
        keep_alive_ = false;
        return respond({400,
                        {{"Content-Type", "text/plain"}},
                        "not a valid HTTP request: " + error.message() + "\n"});
    }
    if (error) return end();
    on_request();
}

void Connection::on_request() {
    UpgradeRequest request = parser_->release();
    keep_alive_ = request.keep_alive();
    is_upgrade_ = boost::beast::websocket::is_upgrade(request);
    wire::HttpRequest plain = to_wire(request);
    if (is_upgrade_) upgrade_ = std::move(request);
    server_->handler(std::move(plain),
                     Responder(std::make_shared<Responder::Exchange>(shared_from_this())));
    if (!answered_ && !is_upgrade_) watch_for_end();
}

// While an answer is awaited, a client that goes away is noticed (a long poll whose caller died).
void Connection::watch_for_end() {
    stream_.socket().async_wait(Socket::wait_read, [weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (!self || error || self->answered_) return;
        // Its end, whatever may still be there to be read before it (TLS's own goodbye).
        pollfd waited{self->stream_.socket().native_handle(), POLLRDHUP, 0};
        if (::poll(&waited, 1, 0) == 1) self->gone_ = true;
    });
}

void Connection::respond(wire::HttpResponse response, std::optional<std::size_t> body_size) {
    if (answered_ || !stream_.socket().is_open()) return;
    answered_ = true;
    if (early_) {
        rest_ = std::move(response.body);
        if (is_early_written_) write_rest();
        return;
    }
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(response.status));
    for (const auto& header : response.headers)
        response_.insert(header.name, header.value);
    response_.body() = std::move(response.body);
    if (body_size) keep_alive_ = false;
    response_.keep_alive(keep_alive_);
    // What HEAD asks for is how long the answer would be.
    const std::size_t size = response_.body().size();
    const bool says_size = is_head_ && response_.count(http::field::content_length) == 1;
    if (is_head_) response_.body().clear();
    if (is_head_ && !says_size) response_.content_length(size);
    if (!is_head_) response_.prepare_payload();
    if (body_size && *body_size < response_.body().size()) response_.body().resize(*body_size);
    http::async_write(
        stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
            self->on_written(error);
        });
}

void Connection::on_written(const error_code& error) {
    if (error || !keep_alive_) return end();
    read_next();
}

void Connection::respond_head(const wire::HttpResponse& head) {
    if (answered_ || early_ || is_old_ || is_head_ || !stream_.socket().is_open()) return;
    early_head_ = {};
    early_head_.version(11);
    early_head_.result(static_cast<unsigned>(head.status));
    for (const auto& header : head.headers)
        early_head_.insert(header.name, header.value);
    early_head_.keep_alive(keep_alive_);
    early_head_.chunked(true);
    early_.emplace(early_head_);
    http::async_write_header(
        stream_, *early_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->end();
            self->is_early_written_ = true;
            if (self->answered_) self->write_rest();
        });
}

// In one chunk, which an empty body has not got.
void Connection::write_rest() {
    if (!rest_.empty()) rest_ = fmt::format("{:x}\r\n{}\r\n", rest_.size(), rest_);
    rest_ += "0\r\n\r\n";
    asio::async_write(
        stream_, asio::buffer(rest_), [self = shared_from_this()](error_code error, std::size_t) {
            self->on_written(error);
        });
}

void Connection::forget() {
    if (early_) return end();
    respond({500, {{"Content-Type", "text/plain"}}, "no answer was given\n"});
}

std::string Connection::client_address() const {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd = const_cast<Socket&>(stream_.socket()).native_handle();
    auto* address = reinterpret_cast<sockaddr*>(&from);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_taken_ || ::getpeername(fd, address, &size) != 0 || from.ss_family == AF_UNIX) return {};
    if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
        return {};
    return text.data();
}

WebSocketPtr Connection::accept_websocket(WebSocketEvents events) {
    answered_ = true;
    is_taken_ = true;
    auto session = std::make_shared<WebSocketSession>(std::move(stream_), std::move(events));
    session->accept(upgrade_);
    return session;
}

void Connection::end() {
    // A websocket has taken the socket with it.
    if (is_taken_) return;
    error_code ignored;
    stream_.socket().shutdown(Socket::shutdown_both, ignored);
    stream_.close();
}

} // namespace

void ServerCore::accept_next(const std::shared_ptr<ServerCore>& self) {
    self->acceptor.async_accept([self](error_code error, Socket socket) {
        if (!self->acceptor.is_open()) return;
        // A failed accept (too many files) concerns one client: go on with the next.
        if (!error) std::make_shared<Connection>(self, std::move(socket))->begin();
        accept_next(self);
    });
}

HttpServer::HttpServer(Loop& loop, Fd listening, Handler handler, ServerLimits limits)
    : core_(std::make_shared<ServerCore>(loop, std::move(handler), std::move(limits))) {
    const auto protocol = protocol_of(listening.get());
    core_->acceptor.assign(protocol, listening.release());
    ServerCore::accept_next(core_);
}

HttpServer::~HttpServer() {
    error_code ignored;
    core_->acceptor.close(ignored);
    for (Connection* connection : core_->connections)
        connection->end();
}

void Responder::respond(wire::HttpResponse response) {
    if (std::exchange(exchange_->used, true)) return;
    exchange_->connection->respond(std::move(response));
}

void Responder::respond_head(const wire::HttpResponse& head) {
    if (!exchange_->used) exchange_->connection->respond_head(head);
}

void Responder::respond_in_part(wire::HttpResponse response, std::size_t body_size) {
    if (std::exchange(exchange_->used, true)) return;
    exchange_->connection->respond(std::move(response), body_size);
}

void Responder::hang_up() {
    if (std::exchange(exchange_->used, true)) return;
    exchange_->connection->end();
}

std::string Responder::client_address() const { return exchange_->connection->client_address(); }

bool Responder::wants_websocket() const { return exchange_->connection->is_upgrade(); }

WebSocketPtr Responder::accept_websocket(WebSocketEvents events) {
    SQUALL_ASSERT(!exchange_->used && wants_websocket());
    exchange_->used = true;
    return exchange_->connection->accept_websocket(std::move(events));
}

bool Responder::is_open() const { return exchange_->connection->is_open(); }

} // namespace squall::transport
