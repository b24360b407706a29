#include "dialler.h"

#include "endpoint_text.h"
#include "squall/base/text.h"

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

#include <cerrno>

namespace squall::transport {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using What = NetProblem::What;

namespace {

constexpr std::size_t tunnel_answer_max = 64U << 10U;

bool is_end(const error_code& error) {
    return error == asio::error::eof || error == http::error::end_of_stream
           || error == http::error::partial_message || is_tls_cut(error);
}

} // namespace

std::string host_and_port(const wire::Url& url) {
    return url.host.find(':') == std::string::npos ? fmt::format("{}:{}", url.host, url.port)
                                                   : fmt::format("[{}]:{}", url.host, url.port);
}

wire::Headers proxy_authorization(const wire::Url& proxy) {
    if (proxy.user_info.empty()) return {};
    const std::string plain = wire::percent_decoded(proxy.user_info, /*plus_is_space=*/false);
    return {{"Proxy-Authorization", "Basic " + to_base64(plain)}};
}

NetProblem problem_of(const error_code& error, Step step, const char* call) {
    NetProblem problem;
    problem.step = step;
    problem.text = error.message();
    if (is_end(error)) {
        problem.what = What::closed;
    } else if (error.category() == boost::system::system_category()) {
        problem.what = What::system;
        problem.os_error = error.value();
        const bool has_no_socket = error.value() == EMFILE || error.value() == ENFILE;
        problem.call = has_no_socket ? "socket" : call;
    }
    return problem;
}

Dialler::Dialler(Loop& loop, Order order) : loop_(loop), order_(std::move(order)), timer_(loop) {}

void Dialler::start(Done done) {
    done_ = std::move(done);
    timer_.start(order_.connect_timeout, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->give_up();
    });
    look_up();
}

void Dialler::give_up() {
    NetProblem problem;
    if (step_ == Step::look_up && lookup_) problem = lookup_->timed_out();
    problem.step = step_;
    problem.what = What::timed_out;
    fail_with(with_ends(std::move(problem)));
}

NetProblem Dialler::with_ends(NetProblem problem) const {
    problem.is_on_way_to_proxy =
        order_.proxy.has_value()
        && (problem.step == Step::look_up || problem.step == Step::connect);
    if (problem.step == Step::look_up) return problem;
    problem.peer = peer_;
    if (connection_) problem.local = local_text(connection_->descriptor());
    return problem;
}

void Dialler::fail_with(NetProblem problem) {
    const auto done = std::exchange(done_, nullptr);
    timer_.cancel();
    lookup_.reset();
    if (connection_) connection_->close();
    if (done) done(fail(std::move(problem)));
}

void Dialler::look_up() {
    if (const auto numeric = numeric_endpoint(first().host, first().port)) {
        endpoints_ = {*numeric};
        return loop_.post([self = shared_from_this()] { self->connect_next(std::nullopt); });
    }
    lookup_ = std::make_unique<Lookup>(
        loop_.context(),
        first().host,
        first().port,
        [self = shared_from_this()](Result<std::vector<Endpoint>, NetProblem> found) {
            if (!self->done_) return;
            if (!found) return self->fail_with(self->with_ends(std::move(found.error())));
            self->endpoints_ = std::move(*found);
            self->connect_next(std::nullopt);
        });
}

// Of several addresses that all fail, the first one's failure is told.
void Dialler::connect_next(std::optional<NetProblem> before) {
    if (!done_) return;
    if (next_ == endpoints_.size()) return fail_with(std::move(*before));
    step_ = Step::connect;
    const Endpoint endpoint = endpoints_[next_++];
    peer_ = address_text(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    connection_ = std::make_shared<ClientConnection>(loop_.context());
    connection_->connect(
        endpoint, [self = shared_from_this(), before = std::move(before)](error_code error) {
            if (!self->done_) return;
            if (!error) return self->connected();
            auto problem = self->with_ends(problem_of(error, Step::connect, "connect"));
            self->connect_next(before ? before : std::move(problem));
        });
}

void Dialler::connected() {
    timer_.cancel();
    if (order_.proxy && order_.server.is_tls()) return open_tunnel();
    if (order_.server.is_tls()) return start_tls();
    finish();
}

void Dialler::open_tunnel() {
    step_ = Step::tunnel;
    wire::HttpRequest connect{
        "CONNECT", host_and_port(order_.server), {{"Host", host_and_port(order_.server)}}, {}};
    for (auto& header : proxy_authorization(*order_.proxy))
        connect.headers.push_back(std::move(header));
    connection_->exchange(
        connect, tunnel_answer_max, [self = shared_from_this()](const ExchangeResult& result) {
            if (!self->done_) return;
            if (result.error)
                return self->fail_with(
                    self->with_ends(problem_of(result.error, Step::tunnel, "read")));
            if (result.response.status == 200) return self->start_tls();
            NetProblem refused;
            refused.step = Step::tunnel;
            refused.what = What::status;
            refused.status = result.response.status;
            refused.reason = result.reason;
            self->fail_with(self->with_ends(std::move(refused)));
        });
}

void Dialler::start_tls() {
    step_ = Step::tls;
    timer_.start(order_.tls_timeout, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->give_up();
    });
    connection_->start_tls(
        *order_.trust, order_.server.host, [self = shared_from_this()](error_code error) {
            if (!self->done_) return;
            if (!error) return self->finish();
            auto problem = self->with_ends(problem_of(error, Step::tls, "read"));
            problem.host = self->order_.server.host;
            problem.verdict = self->connection_->tls_verdict();
            if (problem.verdict.kind != TlsVerdict::Kind::accepted)
                problem.what = What::certificate;
            self->fail_with(std::move(problem));
        });
}

void Dialler::finish() {
    timer_.cancel();
    const auto done = std::exchange(done_, nullptr);
    done(std::exchange(connection_, nullptr));
}

} // namespace squall::transport
