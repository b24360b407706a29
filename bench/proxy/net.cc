#include "net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace squall::bench {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr int backlog = 65'535;
constexpr std::size_t events_max = 1024;

void set(int fd, int level, int option) {
    const int one = 1;
    if (::setsockopt(fd, level, option, &one, sizeof one) != 0)
        give_up("setting a socket's option");
}

std::uint64_t read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * second_ns
           + static_cast<std::uint64_t>(now.tv_nsec);
}

} // namespace

void give_up(const char* doing) {
    std::perror(doing);
    std::exit(1); // NOLINT(concurrency-mt-unsafe): there is one thread
}

const char* argument(std::span<char*> arguments, std::size_t place, const char* usage) {
    if (place < arguments.size()) return arguments[place];
    static_cast<void>(std::fprintf(stderr, "usage: %s\n", usage));
    std::exit(64); // NOLINT(concurrency-mt-unsafe): there is one thread
}

std::uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

std::uint64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }

std::int64_t day_offset_ns() {
    return static_cast<std::int64_t>(read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC));
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) give_up("asking for the descriptor limit");
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) give_up("raising the descriptor limit");
}

int listen_on(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) give_up("making a socket");
    set(fd, SOL_SOCKET, SO_REUSEADDR);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0
        || ::listen(fd, backlog) != 0)
        give_up("listening");
    return fd;
}

int accept_one(int listener) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) set(fd, IPPROTO_TCP, TCP_NODELAY);
    return fd;
}

int begin_connecting(const char* host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, host, &address.sin_addr) != 1) give_up("reading an address");
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0
        && errno != EINPROGRESS) {
        ::close(fd);
        return -1;
    }
    return fd;
}

Epoll::Epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)), events_(events_max) {
    if (fd_ < 0) give_up("making an epoll");
}

void Epoll::add(int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) give_up("watching a socket");
}

std::span<const epoll_event> Epoll::wait(std::optional<std::uint64_t> timeout_ns) {
    timespec time{};
    if (timeout_ns) {
        time.tv_sec = static_cast<time_t>(*timeout_ns / second_ns);
        time.tv_nsec = static_cast<long>(*timeout_ns % second_ns);
    }
    const int count = ::epoll_pwait2(fd_,
                                     events_.data(),
                                     static_cast<int>(events_.size()),
                                     timeout_ns ? &time : nullptr,
                                     nullptr);
    if (count < 0 && errno != EINTR) give_up("waiting");
    return {events_.data(), static_cast<std::size_t>(std::max(0, count))};
}

} // namespace squall::bench
