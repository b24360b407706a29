// The name server of the lab's VPC, by UDP and TCP. Runs on the loop's thread.
#pragma once

#include "names/zone.h"
#include "squall/base/fd.h"
#include "squall/transport/loop.h"

#include <functional>
#include <map>
#include <memory>

namespace squall::lab::names {

class Resolver {
public:
    // Clients by TCP; one more is turned away.
    static constexpr std::size_t clients_max = 64;

    struct Sockets {
        Fd udp;
        Fd tcp; // listening
    };

    // Whether who asks from this address is told of any name.
    using Knows = std::function<bool(const std::string& asker)>;

    Resolver(transport::Loop& loop, Sockets sockets, Zone zone, Knows knows);
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver();

private:
    struct Client;

    void answer_datagrams();
    void accept();
    void read(int client);
    [[nodiscard]] std::string reply(std::string_view message, const std::string& asker) const;

    transport::Loop& loop_;
    Sockets sockets_;
    Zone zone_;
    Knows knows_;
    std::map<int, std::unique_ptr<Client>> clients_; // by their socket
    transport::ReadWatch udp_watch_;
    transport::ReadWatch tcp_watch_;
};

} // namespace squall::lab::names
