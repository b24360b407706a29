// The control plane's side of ACS and TCS.
#include "ecs/agent_payload.h"
#include "ecs/control_plane.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/wire/agent_message.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

constexpr std::chrono::hours task_credentials_lifetime{6};
constexpr std::chrono::minutes task_credentials_renewal{30};

void apply_health(Store& store, const json::Object& message) {
    for (const auto& report : json::array_at(message, "tasks")) {
        Task* task = store.task_by_arn(json::string_at(report, "taskArn"));
        if (task == nullptr) continue;
        for (const auto& one : json::array_at(report, "containers")) {
            for (auto& container : task->containers) {
                if (container.name == json::string_at(one, "containerName"))
                    container.health = json::string_at(one, "healthStatus", "UNKNOWN");
            }
        }
    }
}

} // namespace

std::optional<wire::ServiceError> ControlPlane::acs_refusal(const AgentHello& hello) {
    const auto cluster = store_.cluster(hello.cluster);
    if (!cluster) return wire::ServiceError{"InvalidClusterException", "Cluster not found."};
    const std::string prefix = store_.arn(fmt::format("container-instance/{}/", (*cluster)->name));
    const bool is_of_cluster = hello.instance_arn.starts_with(prefix);
    // Hexadecimal digits, or a UUID: what is neither was never anybody's.
    const bool is_id = is_of_cluster && hello.instance_arn.size() > prefix.size()
                       && hello.instance_arn.find_first_not_of("0123456789abcdef-", prefix.size())
                              == std::string::npos;
    if (!is_id) {
        return wire::ServiceError{"InvalidInstanceException",
                                  "The container instance ARN is not valid in this cluster."};
    }
    // Only here does an agent understand it: it asks again after an hour.
    if (deregistered_.contains(hello.instance_arn))
        return wire::ServiceError{"InactiveInstanceException",
                                  "The container instance is deregistered."};
    return std::nullopt;
}

std::uint64_t ControlPlane::acs_opened(const AgentHello& hello,
                                       std::unique_ptr<AgentChannel> channel,
                                       WallTime now) {
    const auto cluster = store_.cluster(hello.cluster);
    SQUALL_ASSERT(cluster.has_value());
    ContainerInstance& instance = store_.instances[hello.instance_arn];
    if (instance.arn.empty()) {
        // An agent keeps its ARN for twelve hours and does not register again: a control plane that
        // has lost its memory takes it back, with nothing to place tasks on until it does.
        instance.arn = hello.instance_arn;
        instance.cluster = (*cluster)->name;
        instance.registered_at = now;
    }
    instance.agent_version = hello.agent_version;
    instance.agent_hash = hello.agent_hash;
    instance.docker_version = hello.docker_version;
    if (const auto old = acs_.find(instance.arn); old != acs_.end()) {
        // One connection an instance: the new one takes over, and nobody sees a gap.
        old->second.channel->close(1000, "ConnectionReplaced: another connection was opened");
        acs_instances_.erase(old->second.id);
        acs_.erase(old);
    }
    AcsSession session;
    session.id = ++last_session_;
    session.channel = std::move(channel);
    session.next_heartbeat = now;
    acs_instances_[session.id] = instance.arn;
    acs_.emplace(instance.arn, std::move(session));
    if (!instance.agent_connected) {
        instance.agent_connected = true;
        changed(instance, now);
        connectivity_restored(instance, now);
    }
    deliver(instance.arn, now);
    return last_session_;
}

AcsSession* ControlPlane::session_by_id(std::uint64_t id, std::string& instance_arn) {
    const auto arn = acs_instances_.find(id);
    if (arn == acs_instances_.end()) return nullptr;
    instance_arn = arn->second;
    return &acs_.find(instance_arn)->second;
}

void ControlPlane::acs_message(std::uint64_t id, std::string_view text, WallTime now) {
    std::string instance_arn;
    AcsSession* session = session_by_id(id, instance_arn);
    if (session == nullptr) return;
    const auto message = wire::parse_agent_message(text);
    if (!message)
        return log::debug(
            "lab: {} says on ACS what is no message: {}", instance_arn, message.error().message);
    if (message->type == "HeartbeatAckRequest") {
        session->silent_since.reset();
    } else if (message->type == "AckRequest") {
        acknowledge(instance_arn, *session, json::string_at(message->body, "messageId"));
    } else if (message->type == "TaskStopVerificationMessage") {
        verify_stops(instance_arn, *session, message->body, now);
    } else if (message->type != "IAMRoleCredentialsAckRequest" && message->type != "NackRequest") {
        log::debug("lab: {} sends the unknown ACS message {}", instance_arn, message->type);
    }
}

void ControlPlane::acs_closed(std::uint64_t id, WallTime now) {
    std::string instance_arn;
    if (session_by_id(id, instance_arn) != nullptr) disconnect(instance_arn, now);
}

void ControlPlane::disconnect(const std::string& instance_arn, WallTime now) {
    const auto session = acs_.find(instance_arn);
    if (session == acs_.end()) return;
    session->second.channel->close(1000, "ConnectionExpired: Reconnect to continue");
    acs_instances_.erase(session->second.id);
    acs_.erase(session);
    if (ContainerInstance* instance = store_.instance_by_arn(instance_arn);
        instance != nullptr && instance->agent_connected) {
        instance->agent_connected = false;
        instance->disconnected_at = now;
        changed(*instance, now);
    }
}

void ControlPlane::expire_connections(const std::string& ec2_instance_id, WallTime now) {
    const auto is_its = [&](const std::string& arn) {
        const ContainerInstance* instance = store_.instance_by_arn(arn);
        return instance != nullptr && instance->ec2_instance_id == ec2_instance_id;
    };
    std::vector<std::string> arns;
    for (const auto& [arn, session] : acs_)
        if (is_its(arn)) arns.push_back(arn);
    for (const auto& arn : arns)
        disconnect(arn, now);
    for (auto& [id, session] : tcs_)
        if (is_its(session.instance_arn))
            session.channel->close(1000, "ConnectionExpired: Reconnect to continue");
}

void ControlPlane::deliver(const std::string& instance_arn, WallTime now) {
    const auto session = acs_.find(instance_arn);
    const ContainerInstance* instance = store_.instance_by_arn(instance_arn);
    if (session == acs_.end() || instance == nullptr) return;
    AcsSession& acs = session->second;
    const auto is_on_its_way = [&](const Task& task) {
        return std::any_of(
            acs.unacknowledged.begin(), acs.unacknowledged.end(), [&](const auto& entry) {
                const auto& tasks = entry.second.tasks;
                return std::find(
                           tasks.begin(), tasks.end(), std::pair(task.arn, task.desired_status))
                       != tasks.end();
            });
    };
    json::Array tasks;
    AcsSession::Payload payload;
    for (Task* task : store_.tasks_on(*instance)) {
        if (!is_live(*task) || task->last_status == "PROVISIONING"
            || task->delivered_status == task->desired_status || is_on_its_way(*task))
            continue;
        tasks.push_back(payload_task(*task, now));
        payload.tasks.emplace_back(task->arn, task->desired_status);
    }
    if (tasks.empty()) return;
    const std::string message_id = random_uuid();
    acs.unacknowledged[message_id] = std::move(payload);
    acs.channel->send(
        wire::agent_message_text("PayloadMessage",
                                 {{"messageId", message_id},
                                  {"clusterArn", store_.arn("cluster/" + instance->cluster)},
                                  {"containerInstanceArn", instance_arn},
                                  {"generatedAt", epoch_millis(now)},
                                  {"seqNum", ++acs.sequence},
                                  {"tasks", std::move(tasks)}}));
}

void ControlPlane::acknowledge(const std::string& instance_arn,
                               AcsSession& session,
                               std::string_view message_id) {
    const auto payload = session.unacknowledged.find(std::string(message_id));
    if (payload == session.unacknowledged.end()) return;
    for (const auto& [arn, status] : payload->second.tasks) {
        Task* task = store_.task_by_arn(arn);
        if (task != nullptr && task->instance_arn == instance_arn) task->delivered_status = status;
    }
    session.unacknowledged.erase(payload);
}

void ControlPlane::verify_stops(const std::string& /*instance_arn*/,
                                AcsSession& session,
                                const json::Object& message,
                                WallTime now) {
    json::Array stop_tasks;
    for (const auto& candidate : json::array_at(message, "stopCandidates")) {
        const Task* task = store_.task_by_arn(json::string_at(candidate, "taskArn"));
        if (task == nullptr || task->desired_status == "STOPPED") stop_tasks.push_back(candidate);
    }
    session.channel->send(
        wire::agent_message_text("TaskStopVerificationAck",
                                 {{"messageId", json::string_at(message, "messageId")},
                                  {"generatedAt", epoch_millis(now)},
                                  {"stopTasks", std::move(stop_tasks)}}));
}

json::Object ControlPlane::payload_task(const Task& task, WallTime now) {
    const TaskDefinition* definition = store_.definition(task.definition_arn);
    SQUALL_ASSERT(definition != nullptr);
    json::Object payload = task_payload(
        task, *definition, task.interface ? attachment_arn(*task.interface) : std::string());
    const std::string role(json::string_at(
        task.overrides, "taskRoleArn", json::string_at(definition->definition, "taskRoleArn")));
    if (!role.empty() && task.desired_status == "RUNNING")
        payload["roleCredentials"] = role_credentials(task, role, now);
    return payload;
}

json::Object
ControlPlane::role_credentials(const Task& task, const std::string& role_arn, WallTime now) {
    const std::string task_id = task.arn.substr(task.arn.rfind('/') + 1);
    const AccessKey key = keys_.new_session(role_arn, task_id, now, task_credentials_lifetime);
    credentials_expire_[task.arn] = *key.expires;
    Task& stored = store_.tasks.at(task.arn);
    if (stored.credentials_id.empty()) stored.credentials_id = random_uuid();
    return {{"credentialsId", stored.credentials_id},
            {"accessKeyId", key.credentials.access_key_id},
            {"secretAccessKey", key.credentials.secret_access_key},
            {"sessionToken", key.credentials.session_token},
            {"roleArn", role_arn},
            {"roleType", "TaskApplication"},
            {"expiration", rfc3339_seconds(*key.expires)}};
}

void ControlPlane::refresh_credentials(WallTime now) {
    for (const auto& [arn, expires] : credentials_expire_) {
        Task* task = store_.task_by_arn(arn);
        if (task == nullptr) continue;
        const auto session = acs_.find(task->instance_arn);
        if (session == acs_.end() || expires - now > task_credentials_renewal) continue;
        const TaskDefinition* definition = store_.definition(task->definition_arn);
        if (definition == nullptr) continue;
        const std::string role(
            json::string_at(task->overrides,
                            "taskRoleArn",
                            json::string_at(definition->definition, "taskRoleArn")));
        session->second.channel->send(
            wire::agent_message_text("IAMRoleCredentialsMessage",
                                     {{"messageId", random_uuid()},
                                      {"taskArn", arn},
                                      {"roleType", "TaskApplication"},
                                      {"roleCredentials", role_credentials(*task, role, now)}}));
    }
}

std::uint64_t ControlPlane::tcs_opened(const AgentHello& hello,
                                       std::unique_ptr<AgentChannel> channel,
                                       WallTime now) {
    TcsSession session{++last_session_, std::move(channel), hello.instance_arn, now};
    tcs_.emplace(last_session_, std::move(session));
    return last_session_;
}

void ControlPlane::tcs_message(std::uint64_t id, std::string_view text, WallTime now) {
    const auto found = tcs_.find(id);
    if (found == tcs_.end()) return;
    TcsSession& session = found->second;
    const auto message = wire::parse_agent_message(wire::without_signed_headers(text));
    if (!message)
        return log::debug("lab: {} says on TCS what is no message: {}",
                          session.instance_arn,
                          message.error().message);
    const auto acknowledge_with = [&](std::string_view type) {
        session.channel->send(wire::agent_message_text(type, {{"message", "ok"}}));
    };
    if (message->type == "PublishMetricsRequest") {
        acknowledge_with("AckPublishMetric");
    } else if (message->type == "PublishHealthRequest") {
        apply_health(store_, message->body);
        acknowledge_with("AckPublishHealth");
    } else if (message->type == "PublishInstanceStatusRequest") {
        if (ContainerInstance* instance = store_.instance_by_arn(session.instance_arn))
            apply_runtime_status(*instance, message->body, now);
        acknowledge_with("AckPublishInstanceStatus");
    } else {
        log::debug("lab: {} sends the unknown TCS message {}", session.instance_arn, message->type);
    }
}

void ControlPlane::tcs_closed(std::uint64_t id) { tcs_.erase(id); }

} // namespace squall::lab::ecs
