// The application behind what is measured: GET /N has a body of N bytes, GET / a short one.
#pragma once

#include "net.h"

#include <string>
#include <vector>

namespace squall::bench {

class Origin {
public:
    explicit Origin(Epoll& epoll);

    void accepted(int fd);
    void happened(int fd, std::uint32_t events);

private:
    struct Connection {
        std::string in;
        std::uint64_t left = 0; // of the body that is on its way
        bool closes = false;
    };

    // False when the connection is over.
    bool read_all(int fd, Connection& connection);
    bool answer_all(int fd, Connection& connection);
    bool send_body(int fd, Connection& connection);

    Epoll& epoll_;
    std::vector<Connection> connections_;
    std::string bytes_; // any body is made of them
};

} // namespace squall::bench
