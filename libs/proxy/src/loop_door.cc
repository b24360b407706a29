// The door of the loop: who is let in, who waits for a reset, and how it is closed.
#include "loop.h"
#include "squall/net/tcp.h"

#include <algorithm>
#include <cerrno>

namespace squall::proxy {
namespace {

constexpr int accepts_max = 256;                  // before others have their turn
constexpr Millis accept_again{100};               // after a lack of descriptors
constexpr std::size_t descriptors_of_others = 24; // files, signals, listeners, the ladder's

} // namespace

bool is_lack(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

Counts& Proxy::Loop::counts_of(int client) {
    if (!apart_) return counts_;
    const auto peer = net::Address::of_peer(client);
    return peer && *peer == *apart_ ? counted_apart_ : counts_;
}

bool Proxy::Loop::has_room() const {
    const std::size_t served = count_ - held_count_;
    return held_count_ + 2 * served + descriptors_of_others < descriptors_max_;
}

bool Proxy::Loop::is_listener(int fd) const {
    return std::any_of(settings_.listeners.begin(),
                       settings_.listeners.end(),
                       [&](const Fd& listener) { return listener.get() == fd; });
}

bool Proxy::Loop::accept_all(int listener) {
    for (int accepted = 0; accepted < accepts_max; ++accepted) {
        if (!has_room()) {
            ++counts_.out_of_descriptors;
            pause_accepting();
            return false;
        }
        auto got = net::accept_tcp(listener);
        if (got.socket) {
            take_in(std::move(got.socket));
            continue;
        }
        if (is_lack(got.error)) {
            ++counts_.out_of_descriptors;
            pause_accepting();
        }
        // A client that has gone before it was accepted is no reason to stop.
        if (got.error == EAGAIN || is_lack(got.error)) return false;
    }
    return true;
}

void Proxy::Loop::pause_accepting() {
    for (const Fd& listener : settings_.listeners)
        epoll_.remove(listener.get());
    is_accepting_ = false;
    dues_.add(now_ + accept_again, listener_id);
}

void Proxy::Loop::resume_accepting() {
    if (is_accepting_ || settings_.listeners.empty()) return;
    is_accepting_ = true;
    for (const Fd& listener : settings_.listeners) {
        if (!epoll_.add(listener.get(), EPOLLIN)) return pause_accepting();
    }
}

void Proxy::Loop::take_in(Fd socket) {
    const int fd = socket.get();
    if (!settings_.application && !destination_of(fd, own_port_)) {
        ++counts_.refused_directly;
        return net::reset_on_close(fd);
    }
    ++counts_of(fd).accepted;
    const auto after = is_armed_ ? faults_.reset_after_accept() : std::nullopt;
    // Many may have waited for this one: their reset counts from their own accept.
    if (after) now_ = Steady::now();
    const std::uint64_t id = (++last_number_ << descriptor_bits) | static_cast<std::uint64_t>(fd);
    ++count_;
    if (!after) return admit(std::move(socket), id, now_);
    const auto place = static_cast<std::size_t>(fd);
    if (held_.size() <= place) held_.resize(place + 1024);
    held_[place] = {std::move(socket), id, now_};
    ++held_count_;
    dues_.add(now_ + *after, id);
}

void Proxy::Loop::admit(Fd socket, std::uint64_t id, SteadyTime accepted) {
    const int fd = socket.get();
    const auto place = static_cast<std::size_t>(fd);
    if (by_client_.size() <= place) by_client_.resize(place + 1024);
    by_client_[place] = std::make_unique<Connection>(std::move(socket), id, accepted);
    Connection& connection = *by_client_[place];
    // What it says is often there already, and may be all: then it is never watched.
    connection.client.may_read = true;
    drive(connection);
    if (by_client_[place]) watch(fd, fd);
}

bool Proxy::Loop::reset_held(std::uint64_t id) {
    const auto place = static_cast<std::size_t>(id & descriptor_mask);
    if (place >= held_.size() || !held_[place].socket || held_[place].id != id) return false;
    ++counts_of(held_[place].socket.get()).reset_after_accept;
    net::reset_on_close(held_[place].socket.get());
    held_[place].socket.reset();
    --held_count_;
    --count_;
    resume_accepting();
    return true;
}

std::optional<net::Address> Proxy::Loop::destination_of(int fd, std::uint16_t own_port) {
    auto address = net::Address::of_socket(fd);
    if (address && address->port() != own_port) return *address; // by tproxy
    address = net::Address::before_redirect(fd);
    if (address && address->port() != own_port) return *address;
    return std::nullopt;
}

void Proxy::Loop::close_door() {
    // Whoever is at the door comes in: closing it would reset them.
    for (const Fd& listener : settings_.listeners) {
        while (accept_all(listener.get())) {
        }
        if (is_accepting_) epoll_.remove(listener.get());
    }
    is_accepting_ = false;
    settings_.listeners.clear();
}

} // namespace squall::proxy
