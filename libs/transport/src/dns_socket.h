// The sockets by which c-ares asks name servers. It has many questions on one connected socket, and
// the kernel tells of a refusal (ICMP) at whatever is done with that next: where it is a send,
// nothing is sent, and c-ares waits until its time is over for what it had asked before. Here a
// refusal is read, as by a resolver that has a socket for each question.
#pragma once

#include <ares.h>

struct iovec;

namespace squall::transport {

// -1 with errno, as socket().
[[nodiscard]] ares_socket_t open_dns_socket(int family, int type, int protocol);

// Of a connected socket: the number of bytes, or -1 with errno, as writev().
[[nodiscard]] ares_ssize_t send_to_dns(ares_socket_t socket, const iovec* parts, int count);

// For a channel without socket functions of its own; before its first question.
void use_dns_sockets(ares_channel channel);

} // namespace squall::transport
