// The Cloud behind sockets: HTTP calls, the agents' websockets, and polls that are answered when
// there is something to say. Runs on the loop's thread.
#pragma once

#include "cloud/cloud.h"
#include "squall/transport/http_server.h"

#include <list>

namespace squall::lab {

class CloudServer {
public:
    CloudServer(transport::Loop& loop, Cloud& cloud);

    // What hangs, or is slow, on purpose: more than so many calls at once are dropped.
    static constexpr std::size_t held_back_max = 10'000;

    // The largest request: an object of S3's, or a part of one.
    static constexpr std::size_t body_max = 64U << 20U;

    // Serves one more listening socket with AWS's API.
    void listen(Fd socket);
    // The same over TLS.
    void listen(Fd socket, std::shared_ptr<const transport::TlsIdentity> identity);
    // Who looks into the TLS of instances that are inspected: what they are shown in the place of
    // AWS's certificate. For what is listened on from then on.
    void inspect_as(std::shared_ptr<const transport::TlsIdentity> identity);
    // The same until what it gives is destroyed; the server must outlive that.
    [[nodiscard]] std::unique_ptr<transport::HttpServer>
    serve(Fd socket, std::shared_ptr<const transport::TlsIdentity> identity = nullptr);

private:
    // A call that waits for a message.
    struct HeldPoll {
        ApiCall call;
        transport::Responder responder;
        WallTime until;
    };

    // A call that goes wrong on purpose; without an answer its connection ends then.
    struct HeldBack {
        transport::Responder responder;
        std::optional<wire::HttpResponse> response;
        SteadyTime until;
    };

    // How far AWS's clock is ahead of the client's.
    [[nodiscard]] Seconds ahead_of(const transport::Responder& responder) const;
    void handle(const wire::HttpRequest& request, transport::Responder responder, Seconds ahead);
    void serve(const ApiCall& call, transport::Responder responder);
    void suffer(const Fate& fate, const ApiCall& call, transport::Responder responder);
    void hold_back(HeldBack held);
    void let_go();
    // True when the call is over: refused, or gone wrong on purpose.
    bool is_refused_websocket(const ApiCall& call, transport::Responder& responder);
    void open_websocket(const wire::HttpRequest& request,
                        transport::Responder& responder,
                        Seconds ahead);
    void answer_polls(const std::string& awaited);
    void wait_for_polls();
    void answer_due_polls();
    void send_posts(WallTime now);
    void tick();

    transport::Loop& loop_;
    Cloud& cloud_;
    transport::Timer timer_;
    transport::Timer held_back_timer_;
    transport::Timer poll_timer_;
    std::map<std::string, std::list<HeldPoll>> polls_; // by what they await
    std::list<HeldBack> held_back_;
    std::shared_ptr<const transport::TlsIdentity> inspector_;
    std::vector<std::unique_ptr<transport::HttpServer>> servers_;
};

} // namespace squall::lab
