#include "squall/net/address.h"

#include "squall/base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace squall::net {
namespace {

// SO_ORIGINAL_DST of linux/netfilter_ipv4.h and IP6T_SO_ORIGINAL_DST, whose headers do not go
// together with netinet/in.h.
constexpr int original_destination = 80;

// The two shapes that an address has.
template <class Shape>
Shape as(const sockaddr_storage& storage) {
    Shape shape{};
    std::memcpy(&shape, &storage, sizeof shape);
    return shape;
}

} // namespace

Result<Address> Address::parse(std::string_view text) {
    const auto wrong = [&] {
        return fail(
            Errc::invalid_input, "'{}' is no address: 127.0.0.1:80 or [::1]:80 is wanted", text);
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong();
    const auto port = to_integer(text.substr(colon + 1));
    if (!port || *port < 0 || *port > 65'535) return wrong();
    std::string host(text.substr(0, colon));
    Address address;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(static_cast<std::uint16_t>(*port));
        if (::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) != 1) return wrong();
        std::memcpy(&address.storage_, &six, sizeof six);
        address.size_ = sizeof six;
        return address;
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(*port));
    if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) return wrong();
    std::memcpy(&address.storage_, &four, sizeof four);
    address.size_ = sizeof four;
    return address;
}

Result<Address> Address::of_socket(int fd) {
    Address address;
    address.size_ = sizeof address.storage_;
    // NOLINTNEXTLINE: the sockets API's own way
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_) != 0)
        return fail(Errc::failed, "asking where a socket is bound: {}", errno_text(errno));
    return address;
}

Result<Address> Address::of_peer(int fd) {
    Address address;
    address.size_ = sizeof address.storage_;
    // NOLINTNEXTLINE: the sockets API's own way
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_) != 0)
        return fail(Errc::failed, "asking who is connected: {}", errno_text(errno));
    return address;
}

Result<Address> Address::before_redirect(int fd) {
    Address address;
    address.size_ = sizeof address.storage_;
    auto own = of_socket(fd);
    if (!own) return own;
    const bool is_ipv6 = own->family() == AF_INET6;
    if (::getsockopt(fd,
                     is_ipv6 ? SOL_IPV6 : SOL_IP,
                     original_destination,
                     &address.storage_,
                     &address.size_)
        != 0)
        return fail(Errc::not_found,
                    "asking where a connection to {} was going: {}",
                    own->text(),
                    errno_text(errno));
    return address;
}

std::uint16_t Address::port() const {
    return family() == AF_INET6 ? ntohs(as<sockaddr_in6>(storage_).sin6_port)
                                : ntohs(as<sockaddr_in>(storage_).sin_port);
}

bool Address::operator==(const Address& other) const {
    if (family() != other.family() || port() != other.port()) return false;
    if (family() == AF_INET6) {
        const auto own = as<sockaddr_in6>(storage_).sin6_addr;
        const auto others = as<sockaddr_in6>(other.storage_).sin6_addr;
        return std::memcmp(&own, &others, sizeof own) == 0;
    }
    return as<sockaddr_in>(storage_).sin_addr.s_addr
           == as<sockaddr_in>(other.storage_).sin_addr.s_addr;
}

std::string Address::host() const {
    std::array<char, INET6_ADDRSTRLEN> host{};
    if (family() == AF_INET6) {
        const auto six = as<sockaddr_in6>(storage_);
        ::inet_ntop(AF_INET6, &six.sin6_addr, host.data(), host.size());
    } else {
        const auto four = as<sockaddr_in>(storage_);
        ::inet_ntop(AF_INET, &four.sin_addr, host.data(), host.size());
    }
    return host.data();
}

std::string Address::text() const {
    return family() == AF_INET6 ? fmt::format("[{}]:{}", host(), port())
                                : fmt::format("{}:{}", host(), port());
}

} // namespace squall::net
