// A TCP address of either family, as the kernel takes it. A value.
#pragma once

#include "squall/base/result.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace squall::net {

class Address {
public:
    // "127.0.0.1:80", "[::1]:80"; numbers only: no name is looked up.
    [[nodiscard]] static Result<Address> parse(std::string_view text);
    // Where a socket is bound; of a connection that came by tproxy: where its client meant to go.
    [[nodiscard]] static Result<Address> of_socket(int fd);
    // Who is connected to it.
    [[nodiscard]] static Result<Address> of_peer(int fd);

    // Of a connection that a redirect has brought here: where its client meant to go, as connection
    // tracking knows it. Fails with not_found where it came by itself.
    [[nodiscard]] static Result<Address> before_redirect(int fd);

    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage_); // NOLINT: the sockets API's own way
    }

    [[nodiscard]] socklen_t size() const { return size_; }

    [[nodiscard]] int family() const { return storage_.ss_family; }

    [[nodiscard]] std::uint16_t port() const;
    // Without its port, and without brackets.
    [[nodiscard]] std::string host() const;
    [[nodiscard]] std::string text() const;

    // The same host and the same port.
    [[nodiscard]] bool operator==(const Address& other) const;

private:
    Address() = default;

    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

} // namespace squall::net
