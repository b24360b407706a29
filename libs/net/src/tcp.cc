#include "squall/net/tcp.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace squall::net {
namespace {

constexpr int backlog_max = 65'535;

void set(int socket, int level, int option) {
    const int one = 1;
    // Of a socket that has just been made these cannot fail but for a lack of memory.
    static_cast<void>(::setsockopt(socket, level, option, &one, sizeof one));
}

} // namespace

Result<Fd> listen_tcp(const Address& address) {
    Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return fail(Errc::failed, "making a socket: {}", errno_text(errno));
    set(socket.get(), SOL_SOCKET, SO_REUSEADDR);
    if (::bind(socket.get(), address.get(), address.size()) != 0
        || ::listen(socket.get(), backlog_max) != 0)
        return fail(errno == EADDRINUSE ? Errc::conflict : Errc::failed,
                    "listening on {}: {}",
                    address.text(),
                    errno_text(errno));
    return socket;
}

Accepted accept_tcp(int listener) {
    Accepted accepted{Fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)), 0};
    if (accepted.socket)
        set(accepted.socket.get(), IPPROTO_TCP, TCP_NODELAY);
    else
        accepted.error = errno;
    return accepted;
}

Connecting connect_tcp(const Address& address) {
    Connecting connecting{
        Fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), 0};
    if (!connecting.socket) {
        connecting.error = errno;
        return connecting;
    }
    set(connecting.socket.get(), IPPROTO_TCP, TCP_NODELAY);
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

} // namespace squall::net
