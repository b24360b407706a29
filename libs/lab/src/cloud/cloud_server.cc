#include "cloud/cloud_server.h"

#include "api/http_date.h"
#include "s3/target.h"
#include "squall/base/text.h"
#include "squall/transport/http_client.h"

#include <algorithm>

namespace squall::lab {
namespace {

constexpr Millis tick_interval{250};
// How long SNS waits for an HTTP endpoint.
constexpr Seconds post_timeout{15};

// An answer that may wait until it says more. (SQS leaves an empty list out.)
bool is_empty(const Answer& answer) {
    if (!answer) return false;
    const auto* value = std::get_if<json::Value>(&*answer);
    return value != nullptr && json::array_at(*value, "Messages").empty();
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

// The path by which ACS and TCS are told apart where they share an address; those that have names
// of their own are told by these, as in AWS.
enum class Channel { none, acs, tcs };

Channel channel_of(const wire::HttpRequest& request) {
    if (request.target.starts_with("/acs/ws?")) return Channel::acs;
    if (request.target.starts_with("/tcs/ws?")) return Channel::tcs;
    if (!request.target.starts_with("/ws?")) return Channel::none;
    const std::string_view host = wire::header_value(request.headers, "Host");
    if (host.starts_with("ecs-a-")) return Channel::acs;
    return host.starts_with("ecs-t-") ? Channel::tcs : Channel::none;
}

// A refused websocket carries exactly one member, named after the error.
wire::HttpResponse refused_upgrade(const wire::ServiceError& error) {
    return {400,
            {{"Content-Type", "application/json"}},
            json::text(json::Object{{error.code, error.message}})};
}

} // namespace

CloudServer::CloudServer(transport::Loop& loop, Cloud& cloud)
    : loop_(loop), cloud_(cloud), timer_(loop), held_back_timer_(loop), poll_timer_(loop) {
    cloud_.on_message([this](const std::string& awaited) {
        // Not now: the service is in the middle of a call.
        if (polls_.contains(awaited)) loop_.post([this, awaited] { answer_polls(awaited); });
    });
    tick();
}

void CloudServer::listen(Fd socket) { servers_.push_back(serve(std::move(socket))); }

void CloudServer::listen(Fd socket, std::shared_ptr<const transport::TlsIdentity> identity) {
    servers_.push_back(serve(std::move(socket), std::move(identity)));
}

void CloudServer::inspect_as(std::shared_ptr<const transport::TlsIdentity> identity) {
    inspector_ = std::move(identity);
}

std::unique_ptr<transport::HttpServer>
CloudServer::serve(Fd socket, std::shared_ptr<const transport::TlsIdentity> identity) {
    // AWS's own endpoints, as hosts know them; what has none is the lab's way to itself.
    const bool has_names = identity != nullptr;
    transport::ServerLimits limits;
    limits.body_max = body_max;
    limits.tls = std::move(identity);
    if (has_names)
        limits.tls_for = [this](const std::string& client) {
            const auto* instance = cloud_.home().ec2.at_address(client);
            return instance != nullptr && instance->is_inspected ? inspector_ : nullptr;
        };
    return std::make_unique<transport::HttpServer>(
        loop_,
        std::move(socket),
        [this, has_names](const wire::HttpRequest& request, transport::Responder responder) {
            const Seconds ahead = has_names ? ahead_of(responder) : Seconds(0);
            handle(request, std::move(responder), ahead);
        },
        limits);
}

Seconds CloudServer::ahead_of(const transport::Responder& responder) const {
    const auto* instance = cloud_.home().ec2.at_address(responder.client_address());
    return instance == nullptr ? Seconds(0) : instance->behind_aws;
}

void CloudServer::tick() {
    const WallTime now = Wall::now();
    cloud_.tick(now);
    send_posts(now);
    for (auto& [awaited, polls] : polls_)
        polls.remove_if([](const HeldPoll& held) { return !held.responder.is_open(); });
    std::erase_if(polls_, [](const auto& one) { return one.second.empty(); });
    timer_.start(tick_interval, [this] { tick(); });
}

// What topics send to HTTP endpoints: any answer that is no success is tried again later.
void CloudServer::send_posts(WallTime now) {
    for (auto& post : cloud_.outbox().take_due(now)) {
        transport::send_async(loop_,
                              post.url,
                              post.request,
                              post_timeout,
                              [this, post](const Result<wire::HttpResponse>& answered) {
                                  if (answered && answered->status >= 200 && answered->status < 300)
                                      return;
                                  cloud_.outbox().failed(post, Wall::now());
                              });
    }
}

// The time by which a client is judged, and which it is told, may be another one than that by which
// things happen.
void CloudServer::handle(const wire::HttpRequest& request,
                         transport::Responder responder,
                         Seconds ahead) {
    if (responder.wants_websocket()) return open_websocket(request, responder, ahead);
    const WallTime now = Wall::now();
    if (request.method != "POST" && !is_mailed_link(request) && !s3::is_for_s3(request)) {
        return responder.respond(
            {404,
             {{"Content-Type", "text/plain"}, {"Date", http_date(now + ahead)}},
             "This is the AWS endpoint of a Squall lab: it takes POST / "
             "requests of AWS clients.\n"});
    }
    auto call = cloud_.endpoint().decode(request, now + ahead);
    if (!call) return responder.respond(call.error());
    call->now = now;
    if (const auto fate = cloud_.breakages().fate_of(*call))
        return suffer(*fate, *call, std::move(responder));
    serve(*call, std::move(responder));
}

void CloudServer::serve(const ApiCall& call, transport::Responder responder) {
    if (auto refused = cloud_.endpoint().refusal(call))
        return responder.respond(Endpoint::encode(call, fail(std::move(*refused))));
    const Answer answered = cloud_.endpoint().ask(call);
    const auto poll = cloud_.long_poll(call);
    if (!poll || !is_empty(answered)) return responder.respond(Endpoint::encode(call, answered));
    polls_[poll->awaited].push_back({call, std::move(responder), call.now + poll->time});
    wait_for_polls();
}

void CloudServer::suffer(const Fate& fate, const ApiCall& call, transport::Responder responder) {
    switch (fate.mishap) {
    case Mishap::error:
        return responder.respond(Endpoint::encode(call, fail(fate.error)));
    case Mishap::slow:
        return hold_back(
            {std::move(responder), cloud_.endpoint().answer(call), Steady::now() + fate.delay});
    case Mishap::hang:
        return hold_back({std::move(responder), std::nullopt, Steady::now() + fate.delay});
    case Mishap::lost_request:
        return responder.hang_up();
    case Mishap::lost_answer:
        static_cast<void>(cloud_.endpoint().answer(call));
        return responder.hang_up();
    case Mishap::garbage: {
        auto response = cloud_.endpoint().answer(call);
        response.status = 200;
        response.body = garbage;
        return responder.respond(std::move(response));
    }
    case Mishap::half_answer: {
        auto response = cloud_.endpoint().answer(call);
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

void CloudServer::answer_polls(const std::string& awaited) {
    const auto found = polls_.find(awaited);
    if (found == polls_.end()) return;
    const WallTime now = Wall::now();
    // Those who came first are answered first; what one finds empty is empty for all.
    bool is_drained = false;
    found->second.remove_if([&](HeldPoll& held) {
        const bool is_over = now >= held.until;
        if (is_drained && !is_over) return false;
        // Messages for a client that has left would be lost until they are handed out again.
        if (!held.responder.is_open()) return true;
        held.call.now = now;
        const Answer answered = cloud_.endpoint().ask(held.call);
        is_drained = is_empty(answered);
        if (is_drained && !is_over) return false;
        held.responder.respond(Endpoint::encode(held.call, answered));
        return true;
    });
    if (found->second.empty()) polls_.erase(found);
    wait_for_polls();
}

// Until the first of them has waited long enough, or a message comes into sight by itself.
void CloudServer::wait_for_polls() {
    WallTime next = WallTime::max();
    for (const auto& [awaited, polls] : polls_) {
        for (const auto& held : polls)
            next = std::min(next, held.until);
        if (polls.empty()) continue;
        next = std::min(next, cloud_.next_message(polls.front().call).value_or(next));
    }
    if (next == WallTime::max()) return poll_timer_.cancel();
    const auto delay = std::chrono::ceil<Millis>(next - Wall::now());
    poll_timer_.start(std::max(delay, Millis(0)), [this] { answer_due_polls(); });
}

void CloudServer::answer_due_polls() {
    std::vector<std::string> awaited;
    for (const auto& [one, polls] : polls_)
        awaited.push_back(one);
    for (const auto& one : awaited)
        answer_polls(one);
}

bool CloudServer::is_refused_websocket(const ApiCall& call, transport::Responder& responder) {
    if (const auto fate = cloud_.breakages().fate_of(call)) {
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
    if (!refused) return false;
    // Here AWS does not say which right is missing.
    auto response = refused->code == "AccessDeniedException"
                        ? refused_upgrade({refused->code, "Forbidden"})
                        : refused_upgrade(*refused);
    if (refused->code == "AccessDeniedException") response.status = 403;
    responder.respond(std::move(response));
    return true;
}

void CloudServer::open_websocket(const wire::HttpRequest& request,
                                 transport::Responder& responder,
                                 Seconds ahead) {
    const WallTime now = Wall::now();
    const Channel wanted = channel_of(request);
    if (wanted == Channel::none) return responder.respond({404, {}, ""});
    const bool is_acs = wanted == Channel::acs;
    const auto principal = cloud_.endpoint().authenticate(request, now + ahead);
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
