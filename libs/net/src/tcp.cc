#include "squall/net/tcp.h"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>

namespace squall::net {
namespace {

constexpr int backlog_max = 65'535;

void set(int socket, int level, int option) {
    const int one = 1;
    // Of a socket that has just been made these cannot fail but for a lack of memory.
    static_cast<void>(::setsockopt(socket, level, option, &one, sizeof one));
}

void set_mark(int socket, std::uint32_t mark) {
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_MARK, &mark, sizeof mark));
}

// A socket that is there, on this address.
Result<Fd> listening(Fd socket, const Address& address) {
    if (::bind(socket.get(), address.get(), address.size()) == 0
        && ::listen(socket.get(), backlog_max) == 0)
        return socket;
    Errc code = Errc::failed;
    if (errno == EADDRINUSE) code = Errc::conflict;
    if (errno == EADDRNOTAVAIL) code = Errc::not_found; // no such address here
    return fail(code, "listening on {}: {}", address.text(), errno_text(errno));
}

} // namespace

Result<Fd> listen_tcp(const Address& address) {
    Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return fail(Errc::failed, "making a socket: {}", errno_text(errno));
    set(socket.get(), SOL_SOCKET, SO_REUSEADDR);
    return listening(std::move(socket), address);
}

Result<Fd> listen_transparent(int family, std::uint16_t port, std::uint32_t mark) {
    const bool is_ipv6 = family == AF_INET6;
    const auto address = Address::parse(fmt::format("{}:{}", is_ipv6 ? "[::]" : "0.0.0.0", port));
    if (!address) return fail(address.error());
    Fd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket)
        return fail(errno == EAFNOSUPPORT ? Errc::not_found : Errc::failed,
                    "making a socket: {}",
                    errno_text(errno));
    set(socket.get(), SOL_SOCKET, SO_REUSEADDR);
    if (is_ipv6) set(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    const int one = 1;
    if (::setsockopt(socket.get(),
                     is_ipv6 ? SOL_IPV6 : SOL_IP,
                     is_ipv6 ? IPV6_TRANSPARENT : IP_TRANSPARENT,
                     &one,
                     sizeof one)
        != 0)
        return fail(Errc::denied, "making a transparent socket: {}", errno_text(errno));
    if (mark != 0) set_mark(socket.get(), mark);
    return listening(std::move(socket), *address);
}

Accepted accept_tcp(int listener) {
    Accepted accepted{Fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)), 0};
    if (accepted.socket)
        set(accepted.socket.get(), IPPROTO_TCP, TCP_NODELAY);
    else
        accepted.error = errno;
    return accepted;
}

Connecting connect_tcp(const Address& address, std::uint32_t mark) {
    Connecting connecting{
        Fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), 0};
    if (!connecting.socket) {
        connecting.error = errno;
        return connecting;
    }
    set(connecting.socket.get(), IPPROTO_TCP, TCP_NODELAY);
    if (mark != 0) set_mark(connecting.socket.get(), mark);
    if (::connect(connecting.socket.get(), address.get(), address.size()) != 0
        && errno != EINPROGRESS)
        connecting.error = errno;
    return connecting;
}

int error_of(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void reset_on_close(int socket) {
    const linger at_once{1, 0};
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

std::size_t undelivered(int socket) {
    int bytes = 0;
    return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

std::size_t send_room(int socket) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t size = sizeof memory;
    if (::getsockopt(socket, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return 0;
    const std::size_t all = memory[SK_MEMINFO_SNDBUF];
    const std::size_t used = memory[SK_MEMINFO_WMEM_QUEUED];
    return all > used ? all - used : 0;
}

} // namespace squall::net
