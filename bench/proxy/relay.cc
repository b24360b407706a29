#include "relay.h"

#include "server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace squall::bench {
namespace {

constexpr std::uint32_t watched = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

} // namespace

Relay::Relay(Epoll& epoll, std::uint16_t port, std::size_t buffer_size)
    : epoll_(epoll), port_(port), buffer_(buffer_size) {}

void Relay::accepted(int fd) {
    const int other = begin_connecting("127.0.0.1", port_);
    if (other < 0) {
        ::close(fd);
        return;
    }
    entry_of(halves_, std::max(fd, other));
    halves_[static_cast<std::size_t>(fd)] = {other, {}, false};
    halves_[static_cast<std::size_t>(other)] = {fd, {}, false};
    epoll_.add(other, watched);
    epoll_.add(fd, watched);
}

void Relay::happened(int fd, std::uint32_t events) {
    const int other = halves_[static_cast<std::size_t>(fd)].other;
    if (other < 0) return; // closed by an event before this one
    bool goes_on = (events & EPOLLERR) == 0;
    if (goes_on && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) goes_on = pass(fd);
    // What could not be sent waits at the other half; so does what came before there was a
    // connection.
    const Half& back = halves_[static_cast<std::size_t>(other)];
    if (goes_on && (events & EPOLLOUT) != 0 && !back.waiting.empty()) goes_on = pass(other);
    const bool is_over = halves_[static_cast<std::size_t>(fd)].has_ended && back.has_ended;
    if (!goes_on || is_over) close_both(fd);
}

bool Relay::pass(int fd) {
    Half& half = halves_[static_cast<std::size_t>(fd)];
    while (!half.has_ended) {
        if (!half.waiting.empty()) {
            const auto sent =
                ::send(half.other, half.waiting.data(), half.waiting.size(), MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN;
            half.waiting.erase(0, static_cast<std::size_t>(sent));
            continue;
        }
        const auto got = ::recv(fd, buffer_.data(), buffer_.size(), 0);
        if (got < 0) return errno == EAGAIN;
        if (got == 0) {
            half.has_ended = true;
            ::shutdown(half.other, SHUT_WR);
            return true;
        }
        const auto size = static_cast<std::size_t>(got);
        const auto sent = ::send(half.other, buffer_.data(), size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        const auto taken = static_cast<std::size_t>(std::max<ssize_t>(0, sent));
        if (taken < size) half.waiting.assign(buffer_.data() + taken, size - taken);
        // Less than there was room for: no more for now, and its end comes with an event.
        else if (size < buffer_.size())
            return true;
    }
    return true;
}

void Relay::close_both(int fd) {
    const int other = halves_[static_cast<std::size_t>(fd)].other;
    for (const int one : {fd, other}) {
        halves_[static_cast<std::size_t>(one)] = Half();
        ::close(one);
    }
}

} // namespace squall::bench
