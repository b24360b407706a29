// One client's connection and the one behind it: sockets, what waits for them, and the session
// between them.
#pragma once

#include "squall/base/fd.h"
#include "squall/http/session.h"

#include <memory>
#include <optional>
#include <string>

namespace squall::proxy {

struct Side {
    Fd socket;
    std::string out;          // what the socket has not taken yet
    std::string in;           // what the session has not taken yet
    bool may_read = false;    // there may be something: it is not known until it is tried
    bool flows = false;       // the last read brought all that it asked for
    bool has_hung_up = false; // its end may be behind what there is to read
    bool is_connecting = false;
    bool has_failed = false;
    bool has_ended = false; // its FIN was read
    bool end_is_told = false;
    bool is_shut = false; // our FIN is out
    http::Close closing = http::Close::none;
};

struct Connection {
    Connection(Fd socket, std::uint64_t number, SteadyTime when) : id(number), accepted(when) {
        client.socket = std::move(socket);
    }

    std::uint64_t id;
    SteadyTime accepted;
    Side client;
    Side application;
    std::unique_ptr<http::Session> session; // none while it is not known what is spoken
    std::optional<SteadyTime> ends_at;      // the last patience with it, when all is said
};

// A client that is to be reset, and of whom nothing is read: many at a time, so it is small.
struct Held {
    Fd socket;
    std::uint64_t id = 0;
    SteadyTime accepted;
};

} // namespace squall::proxy
