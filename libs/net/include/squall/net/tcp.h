// TCP sockets that never block. Owned by whoever gets them; for one thread at a time.
#pragma once

#include "squall/base/fd.h"
#include "squall/net/address.h"

#include <cstddef>

namespace squall::net {

// Listens; the kernel holds as many connections that nobody has accepted as it is allowed to
// (net.core.somaxconn).
[[nodiscard]] Result<Fd> listen_tcp(const Address& address);

struct Accepted {
    Fd socket;     // with TCP_NODELAY; without, when there was none to accept
    int error = 0; // errno, of what went wrong; EAGAIN: no more for now
};

[[nodiscard]] Accepted accept_tcp(int listener);

struct Connecting {
    Fd socket;
    int error = 0; // errno; 0: connected, or on its way (writable when it has come to something)
};

[[nodiscard]] Connecting connect_tcp(const Address& address);

// What became of a connect that was on its way: errno, or 0.
[[nodiscard]] int error_of(int socket);

// Closing sends RST, and drops what was not sent.
void reset_on_close(int socket);

// Bytes that the other side has not acknowledged.
[[nodiscard]] std::size_t undelivered(int socket);

} // namespace squall::net
