// TCP sockets that never block. Owned by whoever gets them; for one thread at a time.
#pragma once

#include "squall/base/fd.h"
#include "squall/net/address.h"

#include <cstddef>

namespace squall::net {

// Listens; the kernel holds as many connections that nobody has accepted as it is allowed to
// (net.core.somaxconn).
[[nodiscard]] Result<Fd> listen_tcp(const Address& address);

// On every address of one family (AF_INET, AF_INET6), also for connections that tproxy hands over:
// their local address is where the client meant to go. Needs root. 0: `mark` is not set; else those
// accepted from it have it too.
[[nodiscard]] Result<Fd> listen_transparent(int family, std::uint16_t port, std::uint32_t mark = 0);

struct Accepted {
    Fd socket;     // with TCP_NODELAY; without, when there was none to accept
    int error = 0; // errno, of what went wrong; EAGAIN: no more for now
};

[[nodiscard]] Accepted accept_tcp(int listener);

struct Connecting {
    Fd socket;
    int error = 0; // errno; 0: connected, or on its way (writable when it has come to something)
};

// With a `mark` (not 0) its packets have it; needs root.
[[nodiscard]] Connecting connect_tcp(const Address& address, std::uint32_t mark = 0);

// What became of a connect that was on its way: errno, or 0.
[[nodiscard]] int error_of(int socket);

// Closing sends RST, and drops what was not sent.
void reset_on_close(int socket);

// Bytes that the other side has not acknowledged.
[[nodiscard]] std::size_t undelivered(int socket);
// Bytes that it takes now, or nearly; 0 where the kernel does not say (before Linux 4.12).
[[nodiscard]] std::size_t send_room(int socket);

} // namespace squall::net
