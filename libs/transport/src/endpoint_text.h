// Addresses with their ports, as people write them: "10.0.0.12:443", "[::1]:53".
#pragma once

#include <sys/socket.h>

#include <string>

namespace squall::transport {

[[nodiscard]] std::string address_text(const sockaddr* address, socklen_t size);
// Of a socket's own end; empty where it has none.
[[nodiscard]] std::string local_text(int socket);

} // namespace squall::transport
