// Listening sockets, made apart from the servers that use them, so that they can come from another
// network namespace than the one the server lives in.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/file.h"

#include <cstdint>
#include <optional>
#include <string>

namespace squall::transport {

// `address` is a numeric IPv4 or IPv6 address. Port 0 lets the kernel choose.
[[nodiscard]] Result<Fd> listen_tcp(const std::string& address, std::uint16_t port);
// As listen_tcp, in the network namespace `network_namespace` refers to (an open /proc/PID/ns/net;
// borrowed).
[[nodiscard]] Result<Fd>
listen_tcp_in(int network_namespace, const std::string& address, std::uint16_t port);
// A socket for datagrams, in such a namespace.
[[nodiscard]] Result<Fd>
bind_udp_in(int network_namespace, const std::string& address, std::uint16_t port);
// Replaces a socket file that nobody listens on any more.
[[nodiscard]] Result<Fd> listen_unix(const Path& path, mode_t mode = 0600);

[[nodiscard]] Result<std::uint16_t> port_of(const Fd& socket);

} // namespace squall::transport
