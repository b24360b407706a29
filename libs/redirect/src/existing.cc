#include "squall/redirect/existing.h"

#include "netlink.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace squall::redirect {
namespace {

// Whoever has begun and not ended.
constexpr std::uint32_t states = 1U << TCP_ESTABLISHED | 1U << TCP_SYN_RECV | 1U << TCP_FIN_WAIT1
                                 | 1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT | 1U << TCP_LAST_ACK
                                 | 1U << TCP_CLOSING;

inet_diag_req_v2 request_of(int family) {
    inet_diag_req_v2 request{};
    request.sdiag_family = static_cast<std::uint8_t>(family);
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = states;
    return request;
}

NetlinkMessages message_of(int type, int flags, const inet_diag_req_v2& request) {
    NetlinkMessages message;
    std::string header(sizeof request, '\0');
    std::memcpy(header.data(), &request, sizeof request);
    message.begin(static_cast<std::uint16_t>(type), static_cast<std::uint16_t>(flags), header);
    message.end();
    return message;
}

bool is_loopback(const inet_diag_msg& connection) {
    const auto* remote = connection.id.idiag_dst;
    constexpr std::uint32_t loopback_network = 127;
    if (connection.idiag_family == AF_INET)
        return ntohl(remote[0]) >> 24U == loopback_network
               || remote[0] == connection.id.idiag_src[0];
    return std::equal(remote, remote + 4, connection.id.idiag_src) // NOLINT: the kernel's arrays
           || (remote[0] == 0 && remote[1] == 0 && remote[2] == 0 && remote[3] == htonl(1));
}

std::uint32_t mark_of(std::string_view attributes) {
    const auto bytes = attribute(attributes, INET_DIAG_MARK);
    std::uint32_t mark = 0;
    if (bytes.size() == sizeof mark) std::memcpy(&mark, bytes.data(), sizeof mark);
    return mark;
}

int destroy(NetlinkSocket& socket, int family, const inet_diag_sockid& id) {
    inet_diag_req_v2 request = request_of(family);
    request.id = id;
    return socket.ask(message_of(SOCK_DESTROY, NLM_F_ACK, request),
                      [](std::uint16_t, std::string_view) {});
}

} // namespace

Result<void> can_reset_connections() {
    auto socket = NetlinkSocket::open(NETLINK_SOCK_DIAG);
    if (!socket) return fail(socket.error());
    // One that cannot be there: from port 0 to port 0.
    inet_diag_sockid nobody{};
    nobody.idiag_cookie[0] = nobody.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    const int error = destroy(*socket, AF_INET, nobody);
    if (error == 0 || error == ENOENT) return {};
    return fail(Errc::failed,
                "this kernel does not let us reset connections of others ({}): "
                "EXISTING_CONNECTIONS=reset cannot be had here",
                error == EOPNOTSUPP ? "it has no CONFIG_INET_DIAG_DESTROY" : errno_text(error));
}

Result<std::size_t> reset_connections(std::span<const std::uint16_t> ports, std::uint32_t mark) {
    auto socket = NetlinkSocket::open(NETLINK_SOCK_DIAG);
    if (!socket) return fail(socket.error());
    std::size_t count = 0;
    for (const int family : {AF_INET, AF_INET6}) {
        std::vector<inet_diag_sockid> meant;
        const int error =
            socket->ask(message_of(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, request_of(family)),
                        [&](std::uint16_t, std::string_view answer) {
                            inet_diag_msg connection{};
                            if (answer.size() < sizeof connection) return;
                            std::memcpy(&connection, answer.data(), sizeof connection);
                            const std::uint16_t port = ntohs(connection.id.idiag_sport);
                            if (std::find(ports.begin(), ports.end(), port) == ports.end()) return;
                            if (is_loopback(connection)) return;
                            if (mark != 0 && mark_of(answer.substr(sizeof connection)) == mark)
                                return;
                            meant.push_back(connection.id);
                        });
        if (error != 0) return fail(Errc::failed, "listing TCP connections: {}", errno_text(error));
        for (const auto& id : meant) {
            const int failed = destroy(*socket, family, id);
            if (failed == 0) ++count;
            // It may have ended by itself meanwhile.
            if (failed != 0 && failed != ENOENT)
                return fail(Errc::failed, "resetting a TCP connection: {}", errno_text(failed));
        }
    }
    return count;
}

} // namespace squall::redirect
