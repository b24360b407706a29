// Any bytes as what an agent sends after its upgrade: frames of every kind, cut anywhere, masked or
// not.
#include "squall/base/fd.h"
#include "websocket_session.h"

#include <boost/asio/local/stream_protocol.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>

using squall::transport::Socket;
using squall::transport::UpgradeRequest;
using squall::transport::WebSocketSession;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::array<int, 2> ends{};
    // More than a socket buffer holds would block us.
    if (size > 60'000 || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return 0;
    const squall::Fd agent(ends[1]);
    squall::transport::Loop loop;
    Socket socket(loop.context(), boost::asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
    int ended = 0;
    std::size_t received = 0;
    auto session = std::make_shared<WebSocketSession>(
        squall::transport::Stream(std::move(socket)),
        squall::transport::WebSocketEvents{[&](std::string_view text) { received += text.size(); },
                                           [&](const std::string&) {
                                               ++ended;
                                               loop.stop();
                                           }});
    UpgradeRequest request;
    request.version(11);
    request.target("/acs/ws");
    for (const auto& [name, value] : {std::pair("Host", "h"),
                                      std::pair("Upgrade", "websocket"),
                                      std::pair("Connection", "Upgrade"),
                                      std::pair("Sec-WebSocket-Version", "13"),
                                      std::pair("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")}) {
        request.set(name, value);
    }
    session->accept(request);
    if (::write(agent.get(), data, size) < 0) return 0;
    ::shutdown(agent.get(), SHUT_WR);
    loop.run();
    SQUALL_ASSERT(ended == 1);
    SQUALL_ASSERT(received <= size);
    return 0;
}
