#include "agent/control_link.h"

#include "squall/base/json.h"
#include "squall/base/time_text.h"

namespace squall::labhost {
namespace {

constexpr Seconds dial_timeout{30};
// An instance that was deregistered asks again after an hour.
constexpr std::chrono::hours inactive_delay{1};

Millis up_to(Millis limit, std::mt19937& random) {
    return Millis(std::uniform_int_distribution<Millis::rep>(0, limit.count())(random));
}

// A refusal is an HTTP answer with {"AccessDeniedException":"text"}: "AccessDeniedException: text".
std::string handshake_problem(const std::string& message) {
    const auto brace = message.find('{');
    if (brace == std::string::npos) return message;
    const auto body = json::parse_object(std::string_view(message).substr(brace));
    if (!body || body->size() != 1) return "websocket: bad handshake: " + message;
    const auto& member = *body->begin();
    return fmt::format("{}: {}", std::string_view(member.key()), json::string_of(member.value()));
}

} // namespace

ControlLink::ControlLink(transport::Loop& loop,
                         CloudCaller& caller,
                         AgentLog& log,
                         std::string instance_arn,
                         LinkRules rules,
                         Handlers handlers)
    : loop_(loop),
      caller_(caller),
      log_(log),
      instance_arn_(std::move(instance_arn)),
      rules_(std::move(rules)),
      handlers_(std::move(handlers)),
      silence_(loop),
      age_(loop),
      redial_(loop),
      random_(std::random_device{}()) {}

void ControlLink::send(std::string text) {
    if (socket_) socket_->send(std::move(text));
}

void ControlLink::dial() {
    handlers_.find_url([this](Result<wire::Url, CallError> url) {
        if (url) return connect(*url);
        const std::string why = fmt::format("{}: {}", url.error().code, url.error().message);
        log_.error(rules_.name == "ACS" ? "ACS: Unable to discover poll endpoint"
                                        : "tcs: unable to discover poll endpoint",
                   {{"containerInstanceARN", instance_arn_}, {"error", why}});
        retry(why, /*at_once=*/false);
    });
}

void ControlLink::connect(const wire::Url& url) {
    caller_.with_credentials([this, url](const std::optional<CallError>& error) {
        if (error) return retry(error->message, /*at_once=*/false);
        auto headers = caller_.signed_headers("GET", url.target, url.host_header(), "ecs");
        // The real agent leaves its own name to its API calls.
        headers.push_back({"User-Agent", "Go-http-client/1.1"});
        transport::WebSocketEvents events{[this](std::string_view text) {
                                              heard();
                                              handlers_.on_message(text);
                                          },
                                          [this](const std::string& reason) {
                                              closed(reason);
                                          }};
        transport::connect_websocket(
            loop_,
            url,
            headers,
            dial_timeout,
            std::move(events),
            [this](Result<transport::WebSocketPtr> socket) {
                if (socket) return opened(std::move(*socket));
                const std::string why = handshake_problem(socket.error().message);
                log_.error("Failed to connect to " + rules_.name,
                           {{"containerInstanceARN", instance_arn_}, {"error", why}});
                retry(why, /*at_once=*/false);
            });
    });
}

void ControlLink::opened(transport::WebSocketPtr socket) {
    socket_ = std::move(socket);
    expired_ = false;
    rules_.backoff.reset();
    log_.info(fmt::format("Connected to {} endpoint", rules_.name),
              {{"containerInstanceARN", instance_arn_}});
    heard();
    age_.start(rules_.age_min + up_to(rules_.age_spread, random_), [this] {
        log_.warn("Closing connection", {{"containerInstanceARN", instance_arn_}});
        expired_ = true;
        if (socket_) socket_->close(1000, "ConnectionExpired: Reconnect to continue");
    });
    handlers_.on_open();
}

void ControlLink::heard() {
    silence_.start(rules_.silence_min + up_to(rules_.silence_spread, random_), [this] {
        log_.warn(
            fmt::format("{} Connection hasn't had any activity for too long; closing connection",
                        rules_.name),
            {{"containerInstanceARN", instance_arn_}});
        expired_ = true;
        if (socket_) socket_->close(1000, "ConnectionExpired: Reconnect to continue");
    });
}

void ControlLink::closed(const std::string& reason) {
    // A handshake that failed ends here too; it has already been told.
    if (!socket_) return;
    socket_.reset();
    silence_.cancel();
    age_.cancel();
    log_.info(fmt::format("{} WebSocket connection closed for a valid reason", rules_.name),
              {{"containerInstanceARN", instance_arn_}, {"error", reason}});
    retry(reason, /*at_once=*/true);
}

void ControlLink::retry(const std::string& why, bool at_once) {
    const bool inactive = why.starts_with("InactiveInstanceException");
    const Millis delay = inactive              ? Millis(inactive_delay)
                         : at_once || expired_ ? Millis(100)
                                               : rules_.backoff.next(random_);
    log_.info(fmt::format("Waiting before reconnecting to {}", rules_.name),
              {{"reconnectDelay", short_duration(delay)}, {"containerInstanceARN", instance_arn_}});
    redial_.start(delay, [this] { dial(); });
}

} // namespace squall::labhost
