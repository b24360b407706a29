// The fault proxy: joins sockets, sessions and faults. One epoll loop on one thread owns all of its
// connections; each client's has one of its own to the application behind it.
//
// HTTP/1.x and HTTP/2 by prior knowledge are told apart by their first bytes; what begins like TLS
// is passed on as it is, and counted, and so is HTTP/2 where there is no fault at all. No limit
// ends the loop: out of descriptors, it goes on with those that it has, and counts that too.
#pragma once

#include "squall/fault/fault_set.h"
#include "squall/http/session.h"
#include "squall/net/address.h"
#include "squall/net/epoll.h"

#include <memory>
#include <string>
#include <vector>

namespace squall::proxy {

struct Settings {
    std::vector<Fd> listeners;
    // Nothing: where the client meant to go, before it was brought here. Who meant this proxy
    // itself is refused.
    std::optional<net::Address> application;
    std::uint32_t mark = 0; // of the sockets to the application; 0: none
    // The field that tells the application who its client is, by address: X-Forwarded-For, say, or
    // Forwarded (RFC 7239). Empty: it is not told.
    std::string forwarded_header;
    // How long after disarm() connections are still let in, to be served truly: of some the
    // beginning may be under way.
    Millis door_stays_open{0};
};

struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t reset_after_accept = 0; // whole connections, unread
    std::uint64_t tls = 0;                // passed on unread
    std::uint64_t refused_directly = 0;   // who meant the proxy itself
    std::uint64_t http2 = 0;              // connections
    std::uint64_t out_of_descriptors = 0; // times that the limit was met
    // Connections to the application that could not be had for want of a local port: a port rests
    // for a minute after its connection (TIME_WAIT), and there are some 28,000
    // (net.ipv4.ip_local_port_range).
    std::uint64_t out_of_ports = 0;
    http::Counts exchanges;

    // Requests, and connections that were reset unread, that met a fault.
    [[nodiscard]] std::uint64_t hits() const { return exchanges.met + reset_after_accept; }
};

class Proxy {
public:
    // `faults` outlives the proxy.
    [[nodiscard]] static Result<std::unique_ptr<Proxy>> open(Settings settings,
                                                             fault::FaultSet& faults);
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;
    ~Proxy();

    // Serves until `end`, or until `wake` is readable (it is not read).
    void serve(std::optional<SteadyTime> end, int wake);

    // No more faults: held connections are served, and every connection ends with the exchange
    // that it is in, or its next one. When the door is closed, serve() ends with the last.
    void disarm();

    [[nodiscard]] const Counts& counts() const;

    // What connections from this address come to, from now on, is counted apart from that of all
    // others: who looks at the effect is no part of it.
    void count_apart(const net::Address& client);
    [[nodiscard]] const Counts& counted_apart() const;

    // Disarmed, the door closed, and everybody served.
    [[nodiscard]] bool is_over() const;

    // Open, from clients.
    [[nodiscard]] std::size_t connections() const;

private:
    class Loop;

    explicit Proxy(std::unique_ptr<Loop> loop);

    std::unique_ptr<Loop> loop_;
};

} // namespace squall::proxy
