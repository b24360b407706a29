#include "squall/transport/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <thread>

namespace squall::transport {
namespace {

constexpr int backlog = 512;

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Result<Address> ip_address(const std::string& text, std::uint16_t port) {
    Address address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.size = sizeof(sockaddr_in);
        return address;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.size = sizeof(sockaddr_in6);
        return address;
    }
    return fail(Errc::invalid_input, "'{}' is not a numeric IP address", text);
}

Result<Fd> bound(const Address& address, int type, const std::string& name) {
    Fd fd(::socket(address.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail(Errc::failed, "making a socket for {}: {}", name, errno_text(errno));
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
        const int number = errno;
        return fail(number == EADDRINUSE ? Errc::conflict
                    : number == EACCES   ? Errc::denied
                                         : Errc::failed,
                    "listening on {}: {}",
                    name,
                    errno_text(number));
    }
    return fd;
}

Result<Fd> bound_and_listening(const Address& address, const std::string& name) {
    auto fd = bound(address, SOCK_STREAM, name);
    if (fd && ::listen(fd->get(), backlog) != 0)
        return fail(Errc::failed, "listening on {}: {}", name, errno_text(errno));
    return fd;
}

// setns concerns one thread: a thread of its own enters, makes the socket, and is gone.
Result<Fd> made_in(int network_namespace, const std::function<Result<Fd>()>& make) {
    Result<Fd> made = fail(Errc::failed, "no socket was made");
    std::thread([&] {
        if (::setns(network_namespace, CLONE_NEWNET) != 0) {
            made = fail(Errc::failed, "entering a network namespace: {}", errno_text(errno));
            return;
        }
        made = make();
    }).join();
    return made;
}

Result<Address> unix_address(const Path& path) {
    Address address;
    auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
    if (path.string().size() >= sizeof local->sun_path) {
        return fail(Errc::invalid_input,
                    "{} is longer than the {} bytes that a socket's path may have",
                    path.string(),
                    sizeof local->sun_path - 1);
    }
    local->sun_family = AF_UNIX;
    std::memcpy(local->sun_path, path.c_str(), path.string().size() + 1);
    address.size = sizeof(sockaddr_un);
    return address;
}

// True if somebody still listens behind this path.
bool is_alive(const Address& address) {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return fd
           && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size)
                  == 0;
}

} // namespace

Result<Fd> listen_tcp(const std::string& address, std::uint16_t port) {
    const auto parsed = ip_address(address, port);
    if (!parsed) return fail(parsed.error());
    return bound_and_listening(*parsed, fmt::format("{} port {}", address, port));
}

Result<Fd> listen_tcp_in(int network_namespace, const std::string& address, std::uint16_t port) {
    return made_in(network_namespace, [&] { return listen_tcp(address, port); });
}

Result<Fd> bind_udp_in(int network_namespace, const std::string& address, std::uint16_t port) {
    const auto parsed = ip_address(address, port);
    if (!parsed) return fail(parsed.error());
    return made_in(network_namespace, [&] {
        return bound(*parsed, SOCK_DGRAM, fmt::format("{} port {}, UDP", address, port));
    });
}

Result<Fd> listen_unix(const Path& path, mode_t mode) {
    const auto address = unix_address(path);
    if (!address) return fail(address.error());

    struct stat info {};

    if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
        if (is_alive(*address))
            return fail(
                Errc::conflict, "listening on {}: another process does already", path.string());
        ::unlink(path.c_str());
    }
    auto listening = bound_and_listening(*address, path.string());
    if (listening && ::chmod(path.c_str(), mode) != 0)
        return fail(Errc::failed, "setting the mode of {}: {}", path.string(), errno_text(errno));
    return listening;
}

Result<std::uint16_t> port_of(const Fd& socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
        return fail(Errc::failed, "asking a socket for its address: {}", errno_text(errno));
    }
    if (storage.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
    if (storage.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
    return fail(Errc::invalid_input, "this socket has no port");
}

} // namespace squall::transport
