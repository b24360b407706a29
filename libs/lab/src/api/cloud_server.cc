#include "api/cloud_server.h"

#include "squall/base/text.h"

namespace squall::lab {
namespace {

constexpr Millis tick_interval{250};

// The one operation that waits until there is something to say.
constexpr std::string_view get_messages = "EC2WindowsMessageDeliveryService_v20150101.GetMessages";

// An agent's websocket as the control plane sees it.
class SocketChannel final : public ecs::AgentChannel {
public:
    explicit SocketChannel(transport::WebSocketPtr socket) : socket_(std::move(socket)) {}

    void send(std::string text) override { socket_->send(std::move(text)); }

    void close(std::uint16_t code, const std::string& reason) override {
        socket_->close(code, reason);
    }

private:
    transport::WebSocketPtr socket_;
};

ecs::AgentHello hello_of(std::string_view target) {
    const auto query = wire::QueryParameters::parse(split_once(target, '?').second);
    if (!query) return {};
    const auto get = [&](std::string_view acs_name, std::string_view tcs_name) {
        return std::string(query->has(acs_name) ? query->get(acs_name) : query->get(tcs_name));
    };
    return {get("clusterArn", "cluster"),
            get("containerInstanceArn", "containerInstance"),
            get("agentVersion", ""),
            get("agentHash", ""),
            get("dockerVersion", "")};
}

// A refused websocket carries exactly one member, named after the error.
wire::HttpResponse refused_upgrade(const wire::ServiceError& error) {
    return {400,
            {{"Content-Type", "application/json"}},
            json::text(json::Object{{error.code, error.message}})};
}

json::Object
poll_answer(const ApiCall& call, const std::string& instance_id, json::Array messages) {
    return {{"Destination", instance_id},
            {"MessagesRequestId", json::string_at(call.body, "MessagesRequestId")},
            {"Messages", std::move(messages)}};
}

} // namespace

CloudServer::CloudServer(transport::Loop& loop, Cloud& cloud)
    : loop_(loop), cloud_(cloud), timer_(loop) {
    cloud_.home().ssm.on_message([this](const std::string& instance_id) {
        // Not now: the service is in the middle of a call.
        loop_.post([this, instance_id] { answer_polls(instance_id); });
    });
    tick();
}

void CloudServer::listen(Fd socket) {
    servers_.emplace_back(loop_,
                          std::move(socket),
                          [this](const wire::HttpRequest& request, transport::Responder responder) {
                              handle(request, std::move(responder));
                          });
}

void CloudServer::tick() {
    const WallTime now = Wall::now();
    cloud_.tick(now);
    polls_.remove_if([&](HeldPoll& held) {
        if (!held.responder.is_open()) return true;
        if (now < held.until) return false;
        held.responder.respond(
            Endpoint::encode(held.call, answer(poll_answer(held.call, held.instance_id, {}))));
        return true;
    });
    timer_.start(tick_interval, [this] { tick(); });
}

void CloudServer::handle(const wire::HttpRequest& request, transport::Responder responder) {
    if (responder.wants_websocket()) return open_websocket(request, responder);
    const WallTime now = Wall::now();
    if (request.method != "POST") {
        return responder.respond({404,
                                  {{"Content-Type", "text/plain"}},
                                  "This is the AWS endpoint of a Squall lab: it takes POST / "
                                  "requests of AWS clients.\n"});
    }
    if (wire::header_value(request.headers, "X-Amz-Target") == get_messages) {
        const auto call = cloud_.endpoint().decode(request, now);
        if (!call) return responder.respond(call.error());
        return poll(*call, std::move(responder));
    }
    responder.respond(cloud_.endpoint().handle(request, now));
}

void CloudServer::poll(const ApiCall& call, transport::Responder responder) {
    const std::string instance_id(json::string_at(call.body, "Destination"));
    json::Array messages = cloud_.home().ssm.take_messages(instance_id, call.now);
    if (!messages.empty())
        return responder.respond(
            Endpoint::encode(call, answer(poll_answer(call, instance_id, std::move(messages)))));
    polls_.push_back({call, instance_id, std::move(responder), call.now + poll_hold});
}

void CloudServer::answer_polls(const std::string& instance_id) {
    polls_.remove_if([&](HeldPoll& held) {
        if (held.instance_id != instance_id) return false;
        // Messages for a client that has left would be lost until they are handed out again.
        if (!held.responder.is_open()) return true;
        json::Array messages = cloud_.home().ssm.take_messages(instance_id, Wall::now());
        if (messages.empty()) return false;
        held.responder.respond(Endpoint::encode(
            held.call, answer(poll_answer(held.call, instance_id, std::move(messages)))));
        return true;
    });
}

void CloudServer::open_websocket(const wire::HttpRequest& request,
                                 transport::Responder& responder) {
    const WallTime now = Wall::now();
    const bool is_acs = request.target.starts_with("/acs/ws?");
    if (!is_acs && !request.target.starts_with("/tcs/ws?")) return responder.respond({404, {}, ""});
    if (const auto principal = cloud_.endpoint().authenticate(request, now); !principal) {
        return responder.respond(
            refused_upgrade({"AccessDeniedException", principal.error().message}));
    }
    const ecs::AgentHello hello = hello_of(request.target);
    ecs::ControlPlane& control_plane = cloud_.home().ecs;
    if (const auto refusal = control_plane.acs_refusal(hello))
        return responder.respond(refused_upgrade(*refusal));
    // The session's number is known only once the socket is there, and the socket needs its
    // callbacks first.
    const auto session = std::make_shared<std::uint64_t>(0);
    transport::WebSocketEvents events;
    if (is_acs) {
        events.on_message = [&control_plane, session](std::string_view text) {
            control_plane.acs_message(*session, text, Wall::now());
        };
        events.on_closed = [&control_plane, session](const std::string&) {
            control_plane.acs_closed(*session, Wall::now());
        };
    } else {
        events.on_message = [&control_plane, session](std::string_view text) {
            control_plane.tcs_message(*session, text, Wall::now());
        };
        events.on_closed = [&control_plane, session](const std::string&) {
            control_plane.tcs_closed(*session);
        };
    }
    auto channel = std::make_unique<SocketChannel>(responder.accept_websocket(std::move(events)));
    *session = is_acs ? control_plane.acs_opened(hello, std::move(channel), now)
                      : control_plane.tcs_opened(hello, std::move(channel), now);
}

} // namespace squall::lab
