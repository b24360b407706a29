#include "endpoint_text.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

namespace squall::transport {

std::string address_text(const sockaddr* address, socklen_t size) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), ntohs(v4->sin_port));
    }
    if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
        return fmt::format("[{}]:{}", text.data(), ntohs(v6->sin6_port));
    }
    return {};
}

std::string local_text(int socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    if (::getsockname(socket, address, &size) != 0) return {};
    return address_text(address, size);
}

} // namespace squall::transport
