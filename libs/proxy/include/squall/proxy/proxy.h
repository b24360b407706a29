// The fault proxy: joins sockets, sessions and faults. One epoll loop on one thread owns all of its
// connections; each client's has one of its own to the application behind it.
//
// What begins like TLS, or like HTTP/2 (prior knowledge), is passed on as it is, and counted. No
// limit ends the loop: out of descriptors, it goes on with those that it has, and counts that too.
#pragma once

#include "squall/fault/fault_set.h"
#include "squall/http/session1.h"
#include "squall/net/address.h"
#include "squall/net/epoll.h"

#include <memory>

namespace squall::proxy {

struct Settings {
    net::Address listen;
    net::Address application;
};

struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t reset_after_accept = 0; // whole connections, unread
    std::uint64_t tls = 0;                // passed on unread
    std::uint64_t http2 = 0;              // passed on unread
    std::uint64_t out_of_descriptors = 0; // times that the limit was met
    http::Counts exchanges;
};

class Proxy {
public:
    // Listens. `faults` outlives the proxy.
    [[nodiscard]] static Result<std::unique_ptr<Proxy>> open(const Settings& settings,
                                                             fault::FaultSet& faults);
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;
    ~Proxy();

    // Where it listens: with the port that the kernel chose, where it was 0.
    [[nodiscard]] const net::Address& address() const;

    // Serves until `end`, or until `wake` is readable (it is not read).
    void serve(std::optional<SteadyTime> end, int wake);

    // No more faults: held connections are served, and every connection ends with the exchange
    // that it is in, or its next one. Nothing new is accepted. serve() then ends with the last.
    void disarm();

    [[nodiscard]] const Counts& counts() const;
    // Open, from clients.
    [[nodiscard]] std::size_t connections() const;

private:
    class Loop;

    explicit Proxy(std::unique_ptr<Loop> loop);

    std::unique_ptr<Loop> loop_;
};

} // namespace squall::proxy
