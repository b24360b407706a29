// The Cloud behind sockets: HTTP calls, the agents' websockets, and polls that are answered when
// there is something to say. Runs on the loop's thread.
#pragma once

#include "cloud/cloud.h"
#include "squall/transport/http_server.h"

#include <list>

namespace squall::lab {

class CloudServer {
public:
    // An empty poll for messages is held this long (as the real service does).
    static constexpr Seconds poll_hold{20};

    CloudServer(transport::Loop& loop, Cloud& cloud);

    // What hangs, or is slow, on purpose: more than so many calls at once are dropped.
    static constexpr std::size_t held_back_max = 10'000;

    // The largest request: an object of S3's, or a part of one.
    static constexpr std::size_t body_max = 64U << 20U;

    // Serves one more listening socket with AWS's API.
    void listen(Fd socket);
    // The same until what it gives is destroyed; the server must outlive that.
    [[nodiscard]] std::unique_ptr<transport::HttpServer> serve(Fd socket);

private:
    struct HeldPoll {
        ApiCall call;
        std::string instance_id;
        transport::Responder responder;
        WallTime until;
    };

    // A call that goes wrong on purpose; without an answer its connection ends then.
    struct HeldBack {
        transport::Responder responder;
        std::optional<wire::HttpResponse> response;
        SteadyTime until;
    };

    void handle(const wire::HttpRequest& request, transport::Responder responder);
    void serve(const ApiCall& call, transport::Responder responder);
    [[nodiscard]] wire::HttpResponse answer_at_once(const ApiCall& call);
    void suffer(const Fate& fate, const ApiCall& call, transport::Responder responder);
    void hold_back(HeldBack held);
    void let_go();
    // True when the call is over: refused, or gone wrong on purpose.
    bool is_refused_websocket(const ApiCall& call, transport::Responder& responder);
    void open_websocket(const wire::HttpRequest& request, transport::Responder& responder);
    void poll(const ApiCall& call, transport::Responder responder);
    void answer_polls(const std::string& instance_id);
    void tick();

    transport::Loop& loop_;
    Cloud& cloud_;
    transport::Timer timer_;
    transport::Timer held_back_timer_;
    std::list<HeldPoll> polls_;
    std::list<HeldBack> held_back_;
    std::vector<std::unique_ptr<transport::HttpServer>> servers_;
};

} // namespace squall::lab
