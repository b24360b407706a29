#include "resolve.h"

#include "dns_socket.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <ares.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>

namespace squall::transport {
namespace {

namespace asio = boost::asio;

struct Lookup {
    bool over = false;
    int status = ARES_ENOTFOUND;
    std::vector<Endpoint> found;
};

void on_addresses(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
    auto& lookup = *static_cast<Lookup*>(argument);
    lookup.over = true;
    lookup.status = status;
    if (info == nullptr) return;
    for (const auto* node = info->nodes; node != nullptr; node = node->ai_next) {
        lookup.found.emplace_back(node->ai_addr, static_cast<std::size_t>(node->ai_addrlen));
    }
    ares_freeaddrinfo(info);
}

// Waits for the channel's sockets, at most until c-ares wants to be called again.
void wait_once(ares_channel channel, Deadline deadline) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted =
        static_cast<unsigned>(ares_getsock(channel, sockets.data(), ARES_GETSOCK_MAXNUM));
    std::vector<pollfd> waited;
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
        const short events = static_cast<short>((ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0)
                                                | (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0));
        if (events != 0) waited.push_back({sockets[i], events, 0});
    }
    // A stop request has no file descriptor: look at it ten times a second.
    const int wait_ms = static_cast<int>(std::min<Millis::rep>(deadline.left().count(), 100));
    ::poll(waited.data(), waited.size(), wait_ms);
    if (waited.empty()) ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (const auto& one : waited) {
        ares_process_fd(channel,
                        (one.revents & ~POLLOUT) != 0 ? one.fd : ARES_SOCKET_BAD,
                        (one.revents & POLLOUT) != 0 ? one.fd : ARES_SOCKET_BAD);
    }
}

Trouble trouble_of_lookup(int status) {
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
        return Trouble::no_such_name;
    case ARES_ECONNREFUSED:
        return Trouble::no_name_server;
    case ARES_ETIMEOUT:
        return Trouble::name_timed_out;
    default:
        return Trouble::name_refused;
    }
}

} // namespace

// ares_library_init is reference-counted and wants to be called before any channel, from one
// thread.
bool resolver_ready() {
    static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    return ready;
}

Result<Endpoint> numeric_endpoint(const std::string& host, std::uint16_t port) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error) return fail(Errc::invalid_input, "'{}' is not a numeric address", host);
    return Endpoint(asio::ip::tcp::endpoint(address, port));
}

Result<Endpoint> unix_endpoint(const std::string& path) {
    if (path.size() >= 108)
        return fail(Errc::invalid_input, "{} is too long for a socket's path", path);
    return Endpoint(asio::local::stream_protocol::endpoint(path));
}

Found find_name(const std::string& host,
                std::uint16_t port,
                Deadline deadline,
                const std::stop_token& stop) {
    if (auto numeric = numeric_endpoint(host, port)) return {{*numeric}, Trouble::none, ""};
    if (!resolver_ready())
        return {{}, Trouble::name_refused, "the resolver library does not start"};
    ares_channel raw = nullptr;
    ares_options options{};
    options.timeout = 2000; // milliseconds for the first try of each server
    options.tries = 3;
    if (const int status = ares_init_options(&raw, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
        status != ARES_SUCCESS) {
        return {{},
                Trouble::name_refused,
                fmt::format("the resolver does not start: {}", ares_strerror(status))};
    }
    Lookup lookup; // outlives the channel, whose destruction calls back
    const std::unique_ptr<std::remove_pointer_t<ares_channel>, decltype(&ares_destroy)> channel(
        raw, &ares_destroy);
    use_dns_sockets(channel.get());
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NUMERICSERV;
    ares_getaddrinfo(
        channel.get(), host.c_str(), std::to_string(port).c_str(), &hints, &on_addresses, &lookup);
    while (!lookup.over) {
        if (stop.stop_requested() || deadline.passed())
            return {{}, Trouble::name_timed_out, "no answer in time"};
        wait_once(channel.get(), deadline);
    }
    if (lookup.found.empty())
        return {{}, trouble_of_lookup(lookup.status), ares_strerror(lookup.status)};
    return {std::move(lookup.found), Trouble::none, ""};
}

Result<std::vector<Endpoint>> resolve(const std::string& host,
                                      std::uint16_t port,
                                      Deadline deadline,
                                      const std::stop_token& stop) {
    auto found = find_name(host, port, deadline, stop);
    if (!found.endpoints.empty()) return std::move(found.endpoints);
    if (stop.stop_requested()) return fail(Errc::interrupted, "stopped while looking up {}", host);
    if (deadline.passed())
        return fail(
            Errc::timed_out, "looking up {} took too long: is the name server reachable?", host);
    return fail(Errc::unavailable,
                "looking up {}: {}; check the name, the region and the network",
                host,
                found.error);
}

} // namespace squall::transport
