// The Cloud behind sockets: HTTP calls, the agents' websockets, and polls that are answered when
// there is something to say. Runs on the loop's thread.
#pragma once

#include "api/cloud.h"
#include "squall/transport/http_server.h"

#include <list>

namespace squall::lab {

class CloudServer {
public:
    // An empty poll for messages is held this long (as the real service does).
    static constexpr Seconds poll_hold{20};

    CloudServer(transport::Loop& loop, Cloud& cloud);

    // Serves one more listening socket with AWS's API.
    void listen(Fd socket);

private:
    struct HeldPoll {
        ApiCall call;
        std::string instance_id;
        transport::Responder responder;
        WallTime until;
    };

    void handle(const wire::HttpRequest& request, transport::Responder responder);
    void open_websocket(const wire::HttpRequest& request, transport::Responder& responder);
    void poll(const ApiCall& call, transport::Responder responder);
    void answer_polls(const std::string& instance_id);
    void tick();

    transport::Loop& loop_;
    Cloud& cloud_;
    transport::Timer timer_;
    std::list<HeldPoll> polls_;
    std::list<transport::HttpServer> servers_;
};

} // namespace squall::lab
