#include "loop.h"

#include "squall/base/text.h"
#include "squall/http/session1.h"
#include "squall/http/session2.h"
#include "squall/net/tcp.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace squall::proxy {
namespace {

// Of a body that flows, more at once costs less (2 MiB: 0.34 s of CPU for a GiB, where 1 MiB took
// 0.38, 256 KiB 0.45 and 64 KiB 0.62). But not more than the other side's socket takes now: the
// rest would be kept for it, for each of many that read slowly.
constexpr std::size_t read_size_min = 64U << 10U;
constexpr std::size_t read_size_max = 2U << 20U;
constexpr std::size_t pieces_max = 64;
constexpr Seconds linger_max{2};
constexpr Millis delivery_look{1};
constexpr Seconds delivery_max{5};
constexpr std::uint32_t interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr char tls_handshake = 0x16; // RFC 8446, 5.1

// What the socket takes now; the rest is kept for later.
void send(Side& side, const http::Pieces& pieces) {
    if (pieces.empty() || !side.socket || side.is_shut) return;
    if (side.is_connecting || !side.out.empty()) return pieces.append_to(side.out);
    std::array<iovec, pieces_max> vectors{};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = pieces.gather(vectors);
    const auto sent = ::sendmsg(side.socket.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        side.has_failed = true;
        return;
    }
    const auto taken = static_cast<std::size_t>(std::max<ssize_t>(0, sent));
    if (taken < pieces.size()) pieces.append_to(side.out, taken);
}

void flush(Side& side) {
    if (side.out.empty() || side.is_connecting || !side.socket || side.has_failed) return;
    std::size_t at = 0;
    while (at < side.out.size()) {
        const auto sent =
            ::send(side.socket.get(), side.out.data() + at, side.out.size() - at, MSG_NOSIGNAL);
        if (sent < 0) {
            side.has_failed = errno != EAGAIN && errno != EINTR;
            break;
        }
        at += static_cast<std::size_t>(sent);
    }
    side.out.erase(0, at);
    // A buffer that was needed once is not kept by a connection that may live for days.
    if (side.out.empty()) std::string().swap(side.out);
}

} // namespace

Proxy::Loop::Loop(net::Epoll epoll, Settings settings, fault::FaultSet& faults)
    : epoll_(std::move(epoll)),
      settings_(std::move(settings)),
      faults_(faults),
      now_(Steady::now()),
      buffer_(new char[read_size_max]) {
    if (!settings_.application && !settings_.listeners.empty()) {
        const auto own = net::Address::of_socket(settings_.listeners.front().get());
        own_port_ = own ? own->port() : 0;
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) descriptors_max_ = limit.rlim_cur;
    resume_accepting();
}

void Proxy::Loop::serve(std::optional<SteadyTime> end, int wake) {
    bool is_woken = !epoll_.add(wake, EPOLLIN);
    while (!is_woken && !(end && Steady::now() >= *end) && !is_over()) {
        auto until = dues_.next();
        if (end) until = std::min(until.value_or(*end), *end);
        const auto events = epoll_.wait(until);
        now_ = Steady::now();
        for (const auto& event : events) {
            const int fd = net::fd_of(event);
            if (fd == wake)
                is_woken = true;
            else if (is_listener(fd))
                accept_all(fd);
            else
                on_event(event);
        }
        while (const auto id = dues_.take(now_))
            on_due(*id);
    }
    epoll_.remove(wake);
}

void Proxy::Loop::watch(int fd, int client) {
    const auto place = static_cast<std::size_t>(fd);
    if (client_of_.size() <= place) client_of_.resize(place + 1024, -1);
    client_of_[place] = client;
    const std::uint32_t generation = generation_of(*by_client_[static_cast<std::size_t>(client)]);
    if (!epoll_.add(fd, interest, generation)) ++counts_.out_of_descriptors;
}

Connection* Proxy::Loop::find(int fd) {
    const auto place = static_cast<std::size_t>(fd);
    const int client = place < client_of_.size() ? client_of_[place] : -1;
    return client < 0 ? nullptr : by_client_[static_cast<std::size_t>(client)].get();
}

void Proxy::Loop::on_event(const epoll_event& event) {
    const int fd = net::fd_of(event);
    const std::uint32_t events = event.events;
    Connection* connection = find(fd);
    // Gone by an event before this one; and perhaps another one has its descriptor already.
    if (connection == nullptr || generation_of(*connection) != net::generation_of(event)) return;
    const bool is_client = connection->client.socket.get() == fd;
    Side& side = is_client ? connection->client : connection->application;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) side.may_read = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) side.has_hung_up = true;
    if (is_client && (events & EPOLLERR) != 0) side.has_failed = true; // nobody is there
    if (side.is_connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
        side.is_connecting = false;
        if (net::error_of(fd) != 0) {
            effects_.clear();
            connection->session->application_failed(effects_);
            carry_out(*connection, effects_);
        }
    }
    drive(*connection);
}

void Proxy::Loop::on_due(std::uint64_t id) {
    if (id == listener_id)
        return door_closes_at_ && now_ >= *door_closes_at_ ? close_door() : resume_accepting();
    if (reset_held(id)) return;
    const auto place = static_cast<std::size_t>(id & descriptor_mask);
    Connection* connection = place < by_client_.size() ? by_client_[place].get() : nullptr;
    if (connection == nullptr || connection->id != id) return; // of one that has gone
    if (connection->session) {
        effects_.clear();
        connection->session->deadline_passed(now_, effects_);
        carry_out(*connection, effects_);
        // Another stream's may be next, which drive() takes for one that it knows.
        if (const auto next = connection->session->next_deadline()) dues_.add(*next, id);
    }
    drive(*connection);
}

void Proxy::Loop::drive(Connection& connection) {
    const auto due_before = connection.session ? connection.session->next_deadline() : std::nullopt;
    bool has_moved = true;
    while (has_moved) {
        flush(connection.client);
        flush(connection.application);
        has_moved = pull_client(connection);
        has_moved = pull_application(connection) || has_moved;
        if (settle(connection)) return;
    }
    const auto due = connection.session ? connection.session->next_deadline() : std::nullopt;
    if (due && due != due_before) dues_.add(*due, connection.id);
}

std::string_view Proxy::Loop::receive(Side& side, const Side& other) {
    if (!side.may_read || !side.socket || side.is_connecting) return {};
    std::size_t room = read_size_min;
    if (side.flows)
        room = std::clamp(net::send_room(other.socket.get()), read_size_min, read_size_max);
    const auto got = ::recv(side.socket.get(), buffer_.get(), room, 0);
    if (got < 0) {
        side.may_read = false;
        side.has_failed = errno != EAGAIN && errno != EINTR;
        return {};
    }
    const auto size = static_cast<std::size_t>(got);
    // Less than there was room for: no more for now, but perhaps its end.
    if (size < room && !side.has_hung_up) side.may_read = false;
    side.flows = size >= read_size_min;
    if (size == 0) {
        side.may_read = false;
        side.has_ended = true;
    }
    return {buffer_.get(), size};
}

bool Proxy::Loop::pull_client(Connection& connection) {
    Side& side = connection.client;
    // Whoever does not read gets no more to read.
    if (!side.out.empty() || !connection.application.out.empty()) return false;
    // What waits is offered again before more is read; too few first bytes need more behind them.
    if (!side.in.empty() && connection.session) {
        const std::size_t taken = offer_client(connection, side.in);
        side.in.erase(0, taken);
        if (!side.in.empty()) return taken > 0;
    }
    const std::string_view bytes = receive(side, connection.application);
    if (!bytes.empty() && side.in.empty()) {
        side.in = bytes.substr(offer_client(connection, bytes));
        return true;
    }
    if (!bytes.empty()) {
        side.in += bytes;
        side.in.erase(0, offer_client(connection, side.in));
        return true;
    }
    if (!side.has_ended || side.end_is_told) return false;
    if (!side.in.empty() && !connection.session) {
        // No more will come to tell by.
        side.in.erase(0, offer_client(connection, side.in));
        return true;
    }
    side.end_is_told = true;
    if (!connection.session) {
        side.closing = http::Close::finish;
        return false;
    }
    effects_.clear();
    connection.session->client_ended(effects_);
    carry_out(connection, effects_);
    return true;
}

bool Proxy::Loop::pull_application(Connection& connection) {
    Side& side = connection.application;
    if (!side.socket || !connection.client.out.empty()) return false;
    if (!side.in.empty()) {
        const std::size_t taken = offer_application(connection, side.in);
        side.in.erase(0, taken);
        if (!side.in.empty()) return taken > 0;
    }
    const std::string_view bytes = receive(side, connection.client);
    if (!bytes.empty()) {
        side.in = bytes.substr(offer_application(connection, bytes));
        return true;
    }
    if (!side.has_ended || side.end_is_told) return false;
    side.end_is_told = true;
    effects_.clear();
    connection.session->application_ended(effects_);
    carry_out(connection, effects_);
    return true;
}

// By its first bytes: what is spoken. False while they are too few.
bool Proxy::Loop::decide(Connection& connection, std::string_view bytes) {
    const std::string_view begin = bytes.substr(0, http::preface.size());
    const bool may_be_http2 = http::preface.starts_with(begin);
    const bool is_whole = begin.size() == http::preface.size();
    if (may_be_http2 && !is_whole && !connection.client.has_ended) return false;
    const bool is_http2 = may_be_http2 && is_whole;
    const bool is_tls = bytes.front() == tls_handshake;
    Counts& counts = counts_of(connection.client.socket.get());
    if (is_http2) ++counts.http2;
    if (is_tls) ++counts.tls;
    effects_.clear();
    if (is_http2 && !faults_.treats_nothing()) {
        connection.session = http::make_session2(faults_, counts.exchanges, connection.accepted);
    } else {
        auto session =
            std::make_unique<http::Session1>(faults_, counts.exchanges, connection.accepted);
        if (is_http2 || is_tls) session->pass_all(effects_);
        connection.session = std::move(session);
    }
    if (!settings_.forwarded_header.empty()) name_client(connection);
    if (!is_armed_) connection.session->disarm(effects_);
    carry_out(connection, effects_);
    return true;
}

void Proxy::Loop::name_client(Connection& connection) const {
    const auto client = net::Address::of_peer(connection.client.socket.get());
    if (!client) return; // it has gone already
    const bool is_rfc_7239 = equal_ignoring_case(settings_.forwarded_header, "Forwarded");
    const bool is_ipv6 = client->family() == AF_INET6;
    std::string host = client->host();
    if (is_rfc_7239) host = is_ipv6 ? fmt::format("for=\"[{}]\"", host) : "for=" + host;
    connection.session->add_to_requests(settings_.forwarded_header, std::move(host));
}

std::size_t Proxy::Loop::offer_client(Connection& connection, std::string_view bytes) {
    if (!connection.session && !decide(connection, bytes)) return 0;
    effects_.clear();
    const std::size_t taken = connection.session->from_client(bytes, now_, effects_);
    carry_out(connection, effects_);
    return taken;
}

std::size_t Proxy::Loop::offer_application(Connection& connection, std::string_view bytes) {
    effects_.clear();
    const std::size_t taken = connection.session->from_application(bytes, now_, effects_);
    carry_out(connection, effects_);
    return taken;
}

void Proxy::Loop::carry_out(Connection& connection, http::Effects& effects) {
    if (effects.open_application) open_application(connection);
    send(connection.application, effects.to_application);
    send(connection.client, effects.to_client);
    if (effects.client != http::Close::none) connection.client.closing = effects.client;
    if (effects.application != http::Close::none)
        connection.application.closing = effects.application;
}

void Proxy::Loop::open_application(Connection& connection) {
    const auto destination = settings_.application
                                 ? settings_.application
                                 : destination_of(connection.client.socket.get(), own_port_);
    net::Connecting opened;
    if (destination)
        opened = net::connect_tcp(*destination, settings_.mark);
    else
        opened.error = ENOTCONN; // the client has gone
    if (opened.error != 0) {
        if (is_lack(opened.error)) ++counts_.out_of_descriptors;
        if (opened.error == EADDRNOTAVAIL) ++counts_.out_of_ports;
        http::Effects failed;
        connection.session->application_failed(failed);
        return carry_out(connection, failed);
    }
    connection.application.socket = std::move(opened.socket);
    connection.application.is_connecting = true;
    watch(connection.application.socket.get(), connection.client.socket.get());
}

bool Proxy::Loop::settle(Connection& connection) {
    Side& client = connection.client;
    Side& application = connection.application;
    const bool is_over = connection.session && connection.session->is_over();
    if (client.has_failed || client.closing == http::Close::reset
        || (application.has_failed && !is_over)) {
        remove(connection, /*resets=*/true);
        return true;
    }
    if (application.closing == http::Close::reset && application.socket) {
        net::reset_on_close(application.socket.get());
        client_of_[static_cast<std::size_t>(application.socket.get())] = -1;
        application.socket.reset();
    }
    if (application.closing == http::Close::finish && application.out.empty() && application.socket
        && !application.is_connecting && !application.is_shut) {
        ::shutdown(application.socket.get(), SHUT_WR);
        application.is_shut = true;
    }
    if (client.closing == http::Close::none || !client.out.empty()) return false;
    if (client.closing == http::Close::reset_when_delivered) {
        if (!connection.ends_at) connection.ends_at = now_ + delivery_max;
        if (net::undelivered(client.socket.get()) > 0 && now_ < *connection.ends_at) {
            dues_.add(now_ + delivery_look, connection.id);
            return false;
        }
        remove(connection, /*resets=*/true);
        return true;
    }
    const bool may_go = !connection.session || (is_over && !connection.session->needs_linger());
    if (!may_go && !client.is_shut) {
        ::shutdown(client.socket.get(), SHUT_WR);
        client.is_shut = true;
        if (is_over) {
            connection.ends_at = now_ + linger_max;
            dues_.add(*connection.ends_at, connection.id);
        }
    }
    const bool is_patience_over = connection.ends_at && now_ >= *connection.ends_at;
    const bool is_tunnel_over = !is_over && application.is_shut && client.has_ended;
    if (!may_go && !(is_over && client.has_ended) && !is_patience_over && !is_tunnel_over)
        return false;
    remove(connection, /*resets=*/false);
    return true;
}

void Proxy::Loop::remove(Connection& connection, bool resets) {
    const auto place = static_cast<std::size_t>(connection.client.socket.get());
    for (Side* side : {&connection.client, &connection.application}) {
        if (!side->socket) continue;
        if (resets) net::reset_on_close(side->socket.get());
        const auto fd = static_cast<std::size_t>(side->socket.get());
        if (fd < client_of_.size()) client_of_[fd] = -1;
    }
    by_client_[place].reset();
    --count_;
    resume_accepting();
}

void Proxy::Loop::disarm() {
    is_armed_ = false;
    now_ = Steady::now();
    door_closes_at_ = now_ + settings_.door_stays_open;
    if (settings_.door_stays_open > Millis(0))
        dues_.add(*door_closes_at_, listener_id);
    else
        close_door();
    for (const auto& place : by_client_) {
        if (!place) continue;
        Connection& connection = *place;
        if (connection.session) {
            effects_.clear();
            connection.session->disarm(effects_);
            carry_out(connection, effects_);
        }
        drive(connection);
    }
    // Nobody has read what these said.
    for (Held& held : held_) {
        if (!held.socket) continue;
        --held_count_;
        admit(std::move(held.socket), held.id, held.accepted);
    }
}

} // namespace squall::proxy
