#include "cloud/cloud_server.h"

#include "s3/target.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::lab {
namespace {

constexpr Millis tick_interval{250};

// The one operation that waits until there is something to say.
bool is_get_messages(const ApiCall& call) {
    return call.service == "ec2messages" && call.operation == "GetMessages";
}

// What a broken proxy puts in place of an answer.
constexpr std::string_view garbage = "<html><body>\x01\x02 this is no answer of AWS {\"\n";

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
    : loop_(loop), cloud_(cloud), timer_(loop), held_back_timer_(loop) {
    cloud_.home().ssm.on_message([this](const std::string& instance_id) {
        // Not now: the service is in the middle of a call.
        loop_.post([this, instance_id] { answer_polls(instance_id); });
    });
    tick();
}

void CloudServer::listen(Fd socket) { servers_.push_back(serve(std::move(socket))); }

std::unique_ptr<transport::HttpServer> CloudServer::serve(Fd socket) {
    transport::ServerLimits limits;
    limits.body_max = body_max;
    return std::make_unique<transport::HttpServer>(
        loop_,
        std::move(socket),
        [this](const wire::HttpRequest& request, transport::Responder responder) {
            handle(request, std::move(responder));
        },
        limits);
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
    if (request.method != "POST" && !s3::is_for_s3(request)) {
        return responder.respond({404,
                                  {{"Content-Type", "text/plain"}},
                                  "This is the AWS endpoint of a Squall lab: it takes POST / "
                                  "requests of AWS clients.\n"});
    }
    const auto call = cloud_.endpoint().decode(request, now);
    if (!call) return responder.respond(call.error());
    if (const auto fate = cloud_.breakages().fate_of(call->service, call->operation, now))
        return suffer(*fate, *call, std::move(responder));
    serve(*call, std::move(responder));
}

void CloudServer::serve(const ApiCall& call, transport::Responder responder) {
    if (!is_get_messages(call)) return responder.respond(cloud_.endpoint().answer(call));
    if (auto refused = cloud_.endpoint().refusal(call))
        return responder.respond(Endpoint::encode(call, fail(std::move(*refused))));
    poll(call, std::move(responder));
}

wire::HttpResponse CloudServer::answer_at_once(const ApiCall& call) {
    if (!is_get_messages(call)) return cloud_.endpoint().answer(call);
    if (auto refused = cloud_.endpoint().refusal(call))
        return Endpoint::encode(call, fail(std::move(*refused)));
    const std::string instance_id(json::string_at(call.body, "Destination"));
    return Endpoint::encode(
        call,
        answer(poll_answer(
            call, instance_id, cloud_.home().ssm.take_messages(instance_id, call.now))));
}

void CloudServer::suffer(const Fate& fate, const ApiCall& call, transport::Responder responder) {
    switch (fate.mishap) {
    case Mishap::error:
        return responder.respond(Endpoint::encode(call, fail(fate.error)));
    case Mishap::slow:
        return hold_back({std::move(responder), answer_at_once(call), Steady::now() + fate.delay});
    case Mishap::hang:
        return hold_back({std::move(responder), std::nullopt, Steady::now() + fate.delay});
    case Mishap::lost_request:
        return responder.hang_up();
    case Mishap::lost_answer:
        static_cast<void>(answer_at_once(call));
        return responder.hang_up();
    case Mishap::garbage: {
        auto response = answer_at_once(call);
        response.status = 200;
        response.body = garbage;
        return responder.respond(std::move(response));
    }
    case Mishap::half_answer: {
        auto response = answer_at_once(call);
        const std::size_t half = response.body.size() / 2;
        return responder.respond_in_part(std::move(response), half);
    }
    }
}

void CloudServer::hold_back(HeldBack held) {
    if (held_back_.size() >= held_back_max) return held.responder.hang_up();
    held_back_.push_back(std::move(held));
    let_go();
}

void CloudServer::let_go() {
    const SteadyTime now = Steady::now();
    held_back_.remove_if([&](HeldBack& held) {
        if (held.responder.is_open() && now < held.until) return false;
        if (held.response)
            held.responder.respond(std::move(*held.response));
        else
            held.responder.hang_up();
        return true;
    });
    SteadyTime next = SteadyTime::max();
    for (const auto& held : held_back_)
        next = std::min(next, held.until);
    if (next == SteadyTime::max()) return held_back_timer_.cancel();
    held_back_timer_.start(std::chrono::ceil<Millis>(next - now), [this] { let_go(); });
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

bool CloudServer::is_refused_websocket(const ApiCall& call, transport::Responder& responder) {
    if (const auto fate = cloud_.breakages().fate_of(call.service, call.operation, call.now)) {
        // There is no answer that could be slow, or half.
        if (fate->mishap == Mishap::error)
            responder.respond(refused_upgrade(fate->error));
        else if (fate->mishap == Mishap::slow || fate->mishap == Mishap::hang)
            hold_back({responder, std::nullopt, Steady::now() + fate->delay});
        else
            responder.hang_up();
        return true;
    }
    const auto refused = cloud_.endpoint().refusal(call);
    if (refused) responder.respond(refused_upgrade(*refused));
    return refused.has_value();
}

void CloudServer::open_websocket(const wire::HttpRequest& request,
                                 transport::Responder& responder) {
    const WallTime now = Wall::now();
    const bool is_acs = request.target.starts_with("/acs/ws?");
    if (!is_acs && !request.target.starts_with("/tcs/ws?")) return responder.respond({404, {}, ""});
    const auto principal = cloud_.endpoint().authenticate(request, now);
    if (!principal) {
        return responder.respond(
            refused_upgrade({"AccessDeniedException", principal.error().message}));
    }
    const ecs::AgentHello hello = hello_of(request.target);
    // Opening a connection of an agent is an action of IAM's, though it is no call.
    ApiCall call;
    call.service = "ecs";
    call.operation = is_acs ? "Poll" : "StartTelemetrySession";
    call.region = cloud_.region();
    call.body = {{"cluster", hello.cluster}, {"containerInstance", hello.instance_arn}};
    call.caller = *principal;
    call.now = now;
    if (is_refused_websocket(call, responder)) return;
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
