#include "agent/control_link.h"

#include "cloud/go_words.h"
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

// Refusals of which the real agent knows the type. One of the caller's rights is none of them.
struct Refusal {
    std::string code;
    std::string message;
};

std::optional<Refusal> refusal_in(const std::string& body) {
    const auto object = json::parse_object(body);
    if (!object || object->size() != 1) return std::nullopt;
    const auto& member = *object->begin();
    return Refusal{std::string(member.key()), std::string(json::string_of(member.value()))};
}

} // namespace

ControlLink::ControlLink(transport::Loop& loop,
                         CloudCaller& caller,
                         AgentLog& log,
                         std::string instance_arn,
                         LinkRules rules,
                         Handlers handlers)
    : caller_(caller),
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
        const CallError& error = url.error();
        if (rules_.name == "ACS")
            log_.error("ACS: Unable to discover poll endpoint",
                       {{"containerInstanceARN", instance_arn_}, {"error", error.words}});
        else
            log_.error("tcs: unable to discover poll endpoint", {{"error", error.words}});
        failed(error.code, error.words);
    });
}

void ControlLink::connect(const wire::Url& url) {
    caller_.with_credentials([this, url](const std::optional<CallError>& error) {
        if (error) return failed(error->code, error->words);
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
        caller_.client().connect_websocket(
            url,
            headers,
            dial_timeout,
            std::move(events),
            [this, url](Result<transport::WebSocketPtr, transport::NetProblem> socket) {
                if (socket) return opened(std::move(*socket));
                refused(url, socket.error());
            });
    });
}

void ControlLink::refused(const wire::Url& url, const transport::NetProblem& problem) {
    const auto refusal = refusal_in(problem.body);
    const std::string code = refusal ? refusal->code : "";
    const std::string why = go_websocket_text(problem, Wall::now());
    std::string words = fmt::format("websocket client: unable to dial {} response: {}: {}",
                                    url.host_header(),
                                    problem.body,
                                    why);
    if (refusal && code != "AccessDeniedException")
        words = fmt::format("{}: {}", code, refusal->message);
    else
        log_.warn("Error creating a websocket client: " + why,
                  {{"URL", url.origin() + url.target}});
    if (rules_.name == "ACS")
        log_.error("Failed to connect to ACS",
                   {{"containerInstanceARN", instance_arn_}, {"error", words}});
    else
        log_.error("Error connecting to TCS", {{"error", words}});
    failed(code, words);
}

void ControlLink::failed(const std::string& code, const std::string& words) {
    if (rules_.name == "ACS")
        log_.warn("ACS WebSocket connection closed",
                  {{"containerInstanceARN", instance_arn_}, {"error", words}});
    else
        log_.error("Error: lost websocket connection with ECS Telemetry service (TCS): " + words);
    retry(code, /*at_once=*/false);
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
    retry({}, /*at_once=*/true);
}

void ControlLink::retry(const std::string& code, bool at_once) {
    const bool inactive = code == "InactiveInstanceException";
    if (inactive)
        log_.warn("Container instance is deregistered", {{"containerInstanceARN", instance_arn_}});
    const Millis delay = inactive              ? Millis(inactive_delay)
                         : at_once || expired_ ? Millis(100)
                                               : rules_.backoff.next(random_);
    log_.info(fmt::format("Waiting before reconnecting to {}", rules_.name),
              {{"reconnectDelay", short_duration(delay)}, {"containerInstanceARN", instance_arn_}});
    redial_.start(delay, [this] {
        log_.info(fmt::format("Done waiting; reconnecting to {}", rules_.name),
                  {{"containerInstanceARN", instance_arn_}});
        dial();
    });
}

} // namespace squall::labhost
