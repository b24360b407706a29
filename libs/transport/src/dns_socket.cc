#include "dns_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace squall::transport {
namespace {

bool is_of_datagrams(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

// Of ICMP: nobody has the port, or a filter says no.
bool is_refusal(int error) { return error == ECONNREFUSED || error == EHOSTUNREACH; }

ares_socket_t on_socket(int family, int type, int protocol, void* /*data*/) {
    return open_dns_socket(family, type, protocol);
}

int on_close(ares_socket_t fd, void* /*data*/) { return ::close(fd); }

int on_connect(ares_socket_t fd, const sockaddr* address, ares_socklen_t size, void* /*data*/) {
    return ::connect(fd, address, size);
}

// NOLINTNEXTLINE(readability-function-size): c-ares has so many parameters
ares_ssize_t on_receive(ares_socket_t fd,
                        void* buffer,
                        std::size_t size,
                        int flags,
                        sockaddr* from,
                        ares_socklen_t* from_size,
                        void* /*data*/) {
    return ::recvfrom(fd, buffer, size, flags, from, from_size);
}

ares_ssize_t on_send(ares_socket_t fd, const iovec* parts, int count, void* /*data*/) {
    return send_to_dns(fd, parts, count);
}

constexpr ares_socket_functions functions{on_socket, on_close, on_connect, on_receive, on_send};

} // namespace

ares_socket_t open_dns_socket(int family, int type, int protocol) {
    return ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

ares_ssize_t send_to_dns(ares_socket_t socket, const iovec* parts, int count) {
    const ssize_t sent = ::writev(socket, parts, count);
    if (sent >= 0 || !is_refusal(errno) || !is_of_datagrams(socket)) return sent;
    // It was an earlier question that was refused, and this one will be, too.
    return ::writev(socket, parts, count);
}

void use_dns_sockets(ares_channel channel) {
    ares_set_socket_functions(channel, &functions, nullptr);
}

} // namespace squall::transport
