#include "squall/transport/probe.h"

#include "client_connection.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/transport/http_client.h"
#include "tls_layer.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

namespace squall::transport {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::string address_text(const Endpoint& endpoint) {
    const auto* address = endpoint.data();
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address); // NOLINT: the sockets API
        ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    } else if (address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address); // NOLINT: the sockets API
        ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    }
    return text.data();
}

bool is_any(const error_code& error, std::initializer_list<int> numbers) {
    return (error.category() == boost::system::system_category()
            || error.category() == boost::system::generic_category())
           && std::find(numbers.begin(), numbers.end(), error.value()) != numbers.end();
}

Trouble trouble_of(const error_code& error) {
    if (!error) return Trouble::none;
    if (is_any(error, {ENOENT, ENOTDIR})) return Trouble::missing;
    if (is_any(error, {ECONNREFUSED})) return Trouble::refused;
    if (is_any(error, {ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, ENETDOWN, EAFNOSUPPORT}))
        return Trouble::unreachable;
    if (is_any(error, {EACCES, EPERM})) return Trouble::forbidden;
    // Of a unix socket EAGAIN means that the queue of those who wait for accept() is full.
    if (is_any(error, {ETIMEDOUT, ECANCELED, EAGAIN})) return Trouble::timed_out;
    if (is_tls_error(error)) return Trouble::handshake;
    if (error == asio::error::eof || is_tls_cut(error)
        || is_any(error, {ECONNRESET, EPIPE, ECONNABORTED}))
        return Trouble::broken;
    return Trouble::no_http;
}

Trouble trouble_of_certificate(TlsVerdict::Kind kind) {
    switch (kind) {
    case TlsVerdict::Kind::too_early:
        return Trouble::not_yet_valid;
    case TlsVerdict::Kind::too_late:
        return Trouble::expired;
    case TlsVerdict::Kind::wrong_name:
        return Trouble::wrong_name;
    default:
        return Trouble::untrusted;
    }
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

std::string no_answer_text(Millis waited) {
    return fmt::format("no answer within {}", short_duration(waited));
}

// The steps in their order; each is begun only when the one before it has ended well.
class Prober {
public:
    Prober(const ProbeOrder& order, Deadline deadline)
        : order_(order), peer_(order.proxy.value_or(order.url)), deadline_(deadline) {}

    Probed run() {
        const auto begun = Steady::now();
        const bool tunnels = order_.proxy && order_.url.is_tls();
        static_cast<void>(look_up() && connect() && (!tunnels || open_tunnel())
                          && (!order_.url.is_tls() || start_tls())
                          && (!order_.request || exchange()));
        result_.total = since(begun);
        return std::move(result_);
    }

private:
    [[nodiscard]] static Millis since(SteadyTime begun) {
        return std::chrono::duration_cast<Millis>(Steady::now() - begun);
    }

    void begin(Step step) {
        result_.step = step;
        begun_ = Steady::now();
        step_deadline_ = deadline_.sooner(Deadline::in(order_.step_max));
        allowed_ = std::min(order_.step_max, deadline_.left());
    }

    bool end(Trouble trouble, std::string error) {
        result_.took = since(begun_);
        result_.steps.push_back({result_.step, result_.took});
        result_.trouble = trouble;
        result_.error = trouble == Trouble::timed_out ? no_answer_text(allowed_) : std::move(error);
        return trouble == Trouble::none;
    }

    bool end(const error_code& error) { return end(trouble_of(error), error.message()); }

    // Lets what was begun run until it ends, or its time does.
    void drive() {
        context_.restart();
        context_.run_until(step_deadline_.when());
        if (context_.stopped()) return;
        for (auto& connection : connections_)
            connection->close();
        context_.run();
    }

    bool look_up() {
        begin(Step::look_up);
        if (order_.url.scheme == "unix") return end(Trouble::none, "");
        const auto names = order_.look_up ? order_.look_up(peer_.host, step_deadline_)
                                          : transport::look_up(peer_.host, step_deadline_);
        for (const auto& address : names.addresses) {
            if (const auto endpoint = numeric_endpoint(address, peer_.port))
                endpoints_.push_back(*endpoint);
        }
        if (names.trouble == Trouble::name_timed_out)
            return end(names.trouble, no_answer_text(allowed_));
        if (names.trouble == Trouble::none && endpoints_.empty())
            return end(Trouble::no_such_name, "no address");
        return end(names.trouble, names.error);
    }

    bool connect() {
        begin(Step::connect);
        if (order_.url.scheme == "unix") {
            const auto endpoint = unix_endpoint(order_.url.host);
            if (!endpoint) return end(Trouble::missing, endpoint.error().message);
            endpoints_ = {*endpoint};
        }
        if (endpoints_.size() > addresses_max) endpoints_.resize(addresses_max);
        for (const auto& endpoint : endpoints_)
            connect(endpoint);
        drive();
        const auto first =
            std::find_if(result_.attempts.begin(),
                         result_.attempts.end(),
                         [](const ConnectAttempt& one) { return one.trouble == Trouble::none; });
        if (first == result_.attempts.end())
            return end(result_.attempts.front().trouble, result_.attempts.front().error);
        auto chosen = std::move(connections_.at(
            static_cast<std::size_t>(std::distance(result_.attempts.begin(), first))));
        connections_.clear();
        connections_.push_back(std::move(chosen));
        return end(Trouble::none, "");
    }

    void connect(const Endpoint& endpoint) {
        const std::size_t number = connections_.size();
        ConnectAttempt attempt;
        attempt.address = order_.url.scheme == "unix"
                              ? order_.url.host
                              : host_and_port(address_text(endpoint), peer_.port);
        attempt.trouble = Trouble::timed_out;
        attempt.error = no_answer_text(allowed_);
        result_.attempts.push_back(std::move(attempt));
        connections_.push_back(std::make_unique<ClientConnection>(context_));
        connections_.back()->connect(endpoint, [this, number](const error_code& error) {
            ConnectAttempt& one = result_.attempts.at(number);
            one.took = since(begun_);
            one.trouble = trouble_of(error);
            if (one.trouble != Trouble::timed_out) one.error = error ? error.message() : "";
        });
    }

    ClientConnection& connection() { return *connections_.front(); }

    bool open_tunnel() {
        begin(Step::tunnel);
        const std::string server = host_and_port(order_.url.host, order_.url.port);
        wire::HttpRequest connect{"CONNECT", server, {{"Host", server}}, {}};
        add_proxy_password(connect);
        const auto result = exchanged(connect);
        if (result.error) return end(result.error);
        result_.proxy_status = result.response.status;
        if (result_.proxy_status == 200) return end(Trouble::none, "");
        return end(Trouble::refused_by_proxy, fmt::format("HTTP {}", result_.proxy_status));
    }

    void add_proxy_password(wire::HttpRequest& request) const {
        if (!order_.proxy || order_.proxy->user_info.empty()) return;
        wire::set_header(request.headers,
                         "Proxy-Authorization",
                         "Basic "
                             + to_base64(wire::percent_decoded(order_.proxy->user_info,
                                                               /*plus_is_space=*/false)));
    }

    bool start_tls() {
        begin(Step::tls);
        const auto file = order_.ca_file ? order_.ca_file : find_ca_file();
        if (!file) return end(Trouble::no_authorities, "there is no file with authorities");
        auto trust = TlsTrust::from_file(*file);
        if (!trust)
            return end(Trouble::no_authorities,
                       fmt::format("{}: {}", file->string(), trust.error().message));
        trust_ = std::move(*trust);
        error_code error = asio::error::timed_out;
        connection().start_tls(*trust_, order_.url.host, [&](error_code got) { error = got; });
        drive();
        if (!error) return end(error);
        const TlsVerdict verdict = connection().tls_verdict();
        if (verdict.kind != TlsVerdict::Kind::accepted) {
            result_.certificate = verdict.certificate;
            return end(trouble_of_certificate(verdict.kind), verdict.text);
        }
        return end(error);
    }

    bool exchange() {
        begin(Step::exchange);
        wire::HttpRequest request = *order_.request;
        if (!wire::has_header(request.headers, "Host"))
            request.headers.insert(request.headers.begin(), {"Host", order_.url.host_header()});
        if (order_.proxy && !order_.url.is_tls()) {
            request.target = order_.url.origin() + request.target;
            add_proxy_password(request);
        }
        auto result = exchanged(request);
        if (result.error) return end(result.error);
        result_.answer = std::move(result.response);
        return end(Trouble::none, "");
    }

    ExchangeResult exchanged(const wire::HttpRequest& request) {
        constexpr std::size_t answer_max = 4U << 20U;
        ExchangeResult result;
        result.error = asio::error::timed_out;
        connection().exchange(
            request, answer_max, [&](ExchangeResult got) { result = std::move(got); });
        drive();
        return result;
    }

    const ProbeOrder& order_;
    wire::Url peer_; // who is connected to: the proxy where there is one
    Deadline deadline_;
    Deadline step_deadline_ = Deadline::never();
    Millis allowed_{0};
    SteadyTime begun_;
    Probed result_;
    asio::io_context context_{1};
    std::shared_ptr<TlsTrust> trust_;
    std::vector<Endpoint> endpoints_;
    std::vector<std::unique_ptr<ClientConnection>> connections_;
};

} // namespace

std::string_view name_of(Step step) {
    switch (step) {
    case Step::look_up:
        return "name";
    case Step::connect:
        return "TCP";
    case Step::tunnel:
        return "proxy";
    case Step::tls:
        return "TLS";
    case Step::exchange:
        return "HTTP";
    }
    return "";
}

NameAnswer look_up(const std::string& host, Deadline deadline) {
    // Any port will do, but for 0, which c-ares takes for none.
    constexpr std::uint16_t https = 443;
    auto found = find_name(host, https, deadline, {});
    NameAnswer answer;
    answer.trouble = found.trouble;
    answer.error = std::move(found.error);
    for (const auto& endpoint : found.endpoints)
        answer.addresses.push_back(address_text(endpoint));
    return answer;
}

Probed probe(const ProbeOrder& order, Deadline deadline) { return Prober(order, deadline).run(); }

} // namespace squall::transport
