// Names to addresses, by c-ares: getaddrinfo of a static binary would need the C library's shared
// modules.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"
#include "squall/transport/probe.h"

#include <boost/asio/generic/stream_protocol.hpp>

#include <stop_token>
#include <string>
#include <vector>

namespace squall::transport {

using Endpoint = boost::asio::generic::stream_protocol::endpoint;

// Numeric addresses come back as they are; others from /etc/hosts or the servers of
// /etc/resolv.conf, in the order in which they should be tried.
[[nodiscard]] Result<std::vector<Endpoint>> resolve(const std::string& host,
                                                    std::uint16_t port,
                                                    Deadline deadline,
                                                    const std::stop_token& stop);

struct Found {
    std::vector<Endpoint> endpoints;
    Trouble trouble = Trouble::none; // timed_out: the deadline or a stop came first
    std::string error;
};

// As resolve, with what went wrong told apart.
[[nodiscard]] Found find_name(const std::string& host,
                              std::uint16_t port,
                              Deadline deadline,
                              const std::stop_token& stop);

// The library that does it is there. To be called before any other use of it.
[[nodiscard]] bool resolver_ready();

// The same for numeric addresses and nothing else: never blocks.
[[nodiscard]] Result<Endpoint> numeric_endpoint(const std::string& host, std::uint16_t port);
[[nodiscard]] Result<Endpoint> unix_endpoint(const std::string& path);

} // namespace squall::transport
