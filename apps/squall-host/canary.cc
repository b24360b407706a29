#include "canary.h"

#include "squall/base/fd.h"
#include "squall/base/text.h"
#include "squall/net/tcp.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace squall::host_app {
namespace {

constexpr std::size_t status_line_max = 4096; // what an answer that is none may have to say

class Look {
public:
    Look(const net::Address& server, std::string request)
        : server_(server), request_(std::move(request)) {}

    void begin(std::size_t index, const BeforeConnecting& before);
    // What there is to do; after it, is_over() may have become true.
    void go_on();

    void give_up() { end("timed out"); }

    [[nodiscard]] bool is_over() const { return !socket_; }

    [[nodiscard]] pollfd wanted() const {
        return {socket_.get(), request_.empty() ? short{POLLIN} : short{POLLOUT}, 0};
    }

    [[nodiscard]] const CanaryAnswer& answer() const { return answer_; }

private:
    // The first outcome is the one that counts.
    void note(std::string outcome);
    void end(std::string outcome);
    void end_with_error(int error);
    void send();
    void receive();

    net::Address server_;
    std::string request_; // what is not sent yet
    std::string received_;
    Fd socket_;
    bool is_connected_ = false;
    SteadyTime began_;
    CanaryAnswer answer_;
};

void Look::note(std::string outcome) {
    if (!answer_.outcome.empty()) return;
    answer_ = {std::move(outcome), std::chrono::duration_cast<Millis>(Steady::now() - began_)};
}

void Look::end(std::string outcome) {
    note(std::move(outcome));
    socket_.reset();
}

void Look::end_with_error(int error) {
    if (error == ECONNRESET || error == EPIPE) return end("reset");
    end(is_connected_ ? "closed" : "no connection");
}

void Look::begin(std::size_t index, const BeforeConnecting& before) {
    began_ = Steady::now();
    const int kind = SOCK_NONBLOCK | SOCK_CLOEXEC;
    // The route to the container says which of the host's addresses it will be.
    const Fd probe(::socket(server_.family(), SOCK_DGRAM | kind, 0));
    socket_ = Fd(::socket(server_.family(), SOCK_STREAM | kind, 0));
    if (!probe || !socket_ || ::connect(probe.get(), server_.get(), server_.size()) != 0)
        return end("no connection");
    const auto route = net::Address::of_socket(probe.get());
    if (!route) return end("no connection");
    const std::string host =
        route->family() == AF_INET6 ? "[" + route->host() + "]" : route->host();
    const auto any_port = net::Address::parse(host + ":0");
    if (!any_port || ::bind(socket_.get(), any_port->get(), any_port->size()) != 0)
        return end("no connection");
    if (const auto own = net::Address::of_socket(socket_.get()); own && before) before(index, *own);
    began_ = Steady::now();
    if (::connect(socket_.get(), server_.get(), server_.size()) != 0 && errno != EINPROGRESS)
        end_with_error(errno);
}

void Look::go_on() {
    if (!is_connected_) {
        if (const int error = net::error_of(socket_.get()); error != 0)
            return end_with_error(error);
        is_connected_ = true;
    }
    return request_.empty() ? receive() : send();
}

void Look::send() {
    const auto sent = ::send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return end_with_error(errno);
    if (sent > 0) request_.erase(0, static_cast<std::size_t>(sent));
}

void Look::receive() {
    std::array<char, 4096> buffer{};
    const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
        if (errno != EAGAIN && errno != EINTR) end_with_error(errno);
        return;
    }
    if (got == 0) return end(received_.empty() ? "closed" : "no HTTP");
    // What follows the status is nobody's concern; but who closes early looks like a trouble of the
    // application's.
    if (!answer_.outcome.empty()) return;
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    if (received_.find('\n') == std::string::npos) {
        if (received_.size() > status_line_max) end("no HTTP");
        return;
    }
    // "HTTP/1.1 503 Service Unavailable"
    constexpr std::size_t status_at = 9;
    const auto status =
        to_integer(std::string_view(received_).substr(std::min(status_at, received_.size()), 3));
    const bool is_http = received_.starts_with("HTTP/1.") && status && *status >= 100;
    if (!is_http) return end("no HTTP");
    note(std::to_string(*status));
}

} // namespace

std::vector<CanaryAnswer> ask_canaries(std::span<const net::Address> servers,
                                       const std::string& path,
                                       Millis limit,
                                       const BeforeConnecting& before) {
    std::vector<Look> looks;
    looks.reserve(servers.size());
    for (const auto& server : servers) {
        looks.emplace_back(
            server,
            fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: squall-canary\r\n"
                        "Accept: */*\r\nConnection: close\r\n\r\n",
                        path,
                        server.text()));
        looks.back().begin(looks.size() - 1, before);
    }
    const SteadyTime end = Steady::now() + limit;
    const auto is_over = [](const Look& look) {
        return look.is_over();
    };
    while (!std::all_of(looks.begin(), looks.end(), is_over)) {
        std::vector<pollfd> watched;
        for (const auto& look : looks)
            watched.push_back(look.wanted());
        const auto left = std::chrono::ceil<Millis>(end - Steady::now()).count();
        if (left <= 0) break;
        if (::poll(watched.data(), watched.size(), static_cast<int>(left)) < 0 && errno != EINTR)
            break;
        for (std::size_t i = 0; i < looks.size(); ++i) {
            if (!looks[i].is_over() && watched[i].revents != 0) looks[i].go_on();
        }
    }
    std::vector<CanaryAnswer> answers;
    answers.reserve(looks.size());
    for (auto& look : looks) {
        if (!look.is_over()) look.give_up();
        answers.push_back(look.answer());
    }
    return answers;
}

} // namespace squall::host_app
