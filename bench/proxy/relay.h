// The least that passing bytes on can cost: recv and send between two sockets, by one buffer that
// all connections share, with nothing read of what passes.
#pragma once

#include "net.h"

#include <string>
#include <vector>

namespace squall::bench {

class Relay {
public:
    // Towards a port of this machine.
    Relay(Epoll& epoll, std::uint16_t port, std::size_t buffer_size);

    void accepted(int fd);
    void happened(int fd, std::uint32_t events);

private:
    struct Half {
        int other = -1;
        std::string waiting; // read from here, and not yet taken by the other
        bool has_ended = false;
    };

    // From this socket to its other; false when that failed.
    bool pass(int fd);
    void close_both(int fd);

    Epoll& epoll_;
    std::uint16_t port_;
    std::vector<char> buffer_;
    std::vector<Half> halves_;
};

} // namespace squall::bench
