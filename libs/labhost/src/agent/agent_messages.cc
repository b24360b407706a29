// What the control plane says over ACS and is told, and telemetry over TCS.
#include "agent/agent.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/agent_message.h"

namespace squall::labhost {
namespace {

constexpr Seconds telemetry_interval{20};

} // namespace

void Agent::acs_message(std::string_view text) {
    const auto message = wire::parse_agent_message(text);
    if (!message)
        return log_.warn("Unable to decode ACS message", {{"error", message.error().message}});
    const json::Object& body = message->body;
    if (message->type == "HeartbeatMessage") return heartbeat(body);
    if (message->type == "PayloadMessage") {
        for (const char* member : {"messageId", "clusterArn", "containerInstanceArn"}) {
            if (json::string_at(body, member).empty())
                return log_.error("Error validating PayloadMessage", {{"missing", member}});
        }
        for (const auto& task : json::array_at(body, "tasks"))
            engine_.apply(task);
        // What was not written down is not acknowledged: if this agent died, nobody would send it
        // again.
        if (save()) acknowledge(body);
        last_timeline_ = std::max(last_timeline_, json::integer_at(body, "seqNum"));
        return;
    }
    if (message->type == "TaskManifestMessage") return manifest(body);
    if (message->type == "TaskStopVerificationAck") {
        for (const auto& task : json::array_at(body, "stopTasks"))
            engine_.stop(std::string(json::string_at(task, "taskArn")));
        return;
    }
    if (message->type == "AttachTaskNetworkInterfacesMessage") {
        if (attachments_.apply(body)) acknowledge(body);
        return;
    }
    if (message->type == "IAMRoleCredentialsMessage") return role_credentials(body);
    if (message->type == "PerformUpdateMessage" || message->type == "StageUpdateMessage") {
        return acs_->send(wire::agent_message_text(
            "NackRequest",
            {{"cluster", json::string_at(body, "clusterArn")},
             {"containerInstance", json::string_at(body, "containerInstanceArn")},
             {"messageId", json::string_at(body, "messageId")},
             {"reason", "Updates are disabled"}}));
    }
    log_.warn("No handler for message type", {{"type", message->type}});
}

void Agent::acknowledge(const json::Object& body) {
    acs_->send(wire::agent_message_text(
        "AckRequest",
        {{"cluster", json::string_at(body, "clusterArn")},
         {"containerInstance", json::string_at(body, "containerInstanceArn")},
         {"messageId", json::string_at(body, "messageId")}}));
}

// Answered at once; it also makes the agent look after its container engine, and telemetry carries
// the result.
void Agent::heartbeat(const json::Object& body) {
    acs_->send(wire::agent_message_text("HeartbeatAckRequest",
                                        {{"messageId", json::string_at(body, "messageId")}}));
    docker_.ping([this](const DockerAnswer& answer) {
        const std::string status = answer.is_success() ? "OK" : "IMPAIRED";
        if (status == "IMPAIRED")
            log_.info("[DockerRuntimeHealthcheck] Docker Ping failed with error: "
                      + answer.message);
        const WallTime now = Wall::now();
        if (status != runtime_status_ || runtime_changed_ == WallTime{}) runtime_changed_ = now;
        runtime_status_ = status;
        runtime_checked_ = now;
        runtime_news_ = true;
    });
}

void Agent::manifest(const json::Object& body) {
    acknowledge(body);
    const auto timeline = json::integer_at(body, "timeline");
    if (timeline <= last_timeline_)
        return log_.warn(
            "Skipping the task manifest message, sequence number has already been processed");
    last_timeline_ = timeline;
    json::Array candidates;
    for (const auto& [arn, task] : state_.tasks) {
        const auto& listed = json::array_at(body, "tasks");
        const bool known =
            std::any_of(listed.begin(), listed.end(), [&, &task_arn = arn](const json::Value& one) {
                return json::string_at(one, "taskArn") == task_arn;
            });
        if (known || task.known_status == "STOPPED") continue;
        candidates.push_back(json::Object{{"taskArn", arn},
                                          {"taskClusterArn", json::string_at(body, "clusterArn")},
                                          {"desiredStatus", "STOPPED"}});
    }
    if (candidates.empty()) return;
    acs_->send(wire::agent_message_text("TaskStopVerificationMessage",
                                        {{"messageId", json::string_at(body, "messageId")},
                                         {"stopCandidates", std::move(candidates)}}));
}

void Agent::role_credentials(const json::Object& body) {
    const json::Object& keys = json::object_at(body, "roleCredentials");
    if (const auto task = state_.tasks.find(std::string(json::string_at(body, "taskArn")));
        task != state_.tasks.end()) {
        task->second.credentials = keys;
        save();
    }
    acs_->send(wire::agent_message_text("IAMRoleCredentialsAckRequest",
                                        {{"credentialsId", json::string_at(keys, "credentialsId")},
                                         {"expiration", json::string_at(keys, "expiration")},
                                         {"messageId", json::string_at(body, "messageId")}}));
}

// A telemetry frame is signed headers, an empty line, then the message.
void Agent::send_tcs(std::string_view type, json::Object body) {
    body["timestamp"] = epoch_seconds(Wall::now());
    const auto url = wire::parse_url(json::string_at(endpoints_, "telemetryEndpoint"));
    if (!url) return;
    std::string frame;
    for (const auto& header : caller_.signed_headers("GET", url->target, url->host_header(), "ecs"))
        frame += fmt::format("{}: {}\r\n", header.name, header.value);
    tcs_->send(frame + "\r\n" + wire::agent_message_text(type, body));
}

void Agent::send_telemetry() {
    const json::Object metadata{{"cluster", state_.cluster},
                                {"containerInstance", state_.instance_arn}};
    json::Object metrics = metadata;
    metrics["messageId"] = random_uuid();
    metrics["idle"] = engine_.is_idle();
    metrics["fin"] = true;
    send_tcs("PublishMetricsRequest", {{"metadata", std::move(metrics)}});
    if (json::Array tasks = engine_.health_report(); !tasks.empty()) {
        json::Object health = metadata;
        health["messageId"] = random_uuid();
        health["fin"] = true;
        send_tcs("PublishHealthRequest",
                 {{"metadata", std::move(health)}, {"tasks", std::move(tasks)}});
    }
    if (runtime_news_) {
        runtime_news_ = false;
        json::Object request = metadata;
        request["requestId"] = random_uuid();
        send_tcs(
            "PublishInstanceStatusRequest",
            {{"metadata", std::move(request)},
             {"statuses",
              json::Array{json::Object{{"type", "ContainerRuntime"},
                                       {"status", runtime_status_},
                                       {"lastUpdated", epoch_seconds(runtime_checked_)},
                                       {"lastStatusChange", epoch_seconds(runtime_changed_)}}}}});
    }
    engine_.clean_up(Wall::now());
    telemetry_.start(telemetry_interval, [this] {
        if (tcs_->is_open()) send_telemetry();
    });
}

} // namespace squall::labhost
