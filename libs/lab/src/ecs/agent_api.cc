// The calls that only agents make.
#include "ecs/control_plane.h"
#include "ecs/parameters.h"
#include "squall/base/log.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::ecs {
namespace {

std::optional<WallTime> time_at(const json::Object& body, std::string_view name) {
    const json::Value& value = json::at(body, name);
    if (value.is_string()) {
        const auto parsed = parse_time(json::string_of(value));
        return parsed ? std::optional(*parsed) : std::nullopt;
    }
    if (value.is_null()) return std::nullopt;
    return from_epoch_seconds(json::number_at(json::Value(body), name));
}

std::vector<PortBinding> read_bindings(const json::Array& bindings) {
    std::vector<PortBinding> read;
    for (const auto& binding : bindings) {
        read.push_back({std::string(json::string_at(binding, "bindIP")),
                        static_cast<std::uint16_t>(json::integer_at(binding, "containerPort")),
                        static_cast<std::uint16_t>(json::integer_at(binding, "hostPort")),
                        std::string(json::string_at(binding, "protocol", "tcp"))});
    }
    return read;
}

// A container's state as its agent reports it. A container that has stopped never runs again.
void apply_container(Container& container, const json::Value& report) {
    if (const auto id = json::string_at(report, "runtimeId"); !id.empty())
        container.runtime_id = id;
    if (const auto reason = json::string_at(report, "reason"); !reason.empty())
        container.reason = reason;
    if (!json::at(report, "exitCode").is_null())
        container.exit_code = json::integer_at(report, "exitCode");
    if (const auto& bindings = json::array_at(report, "networkBindings"); !bindings.empty())
        container.bindings = read_bindings(bindings);
    if (const auto status = json::string_at(report, "status");
        !status.empty() && container.last_status != "STOPPED")
        container.last_status = status;
}

// AWS's stop code and text for a task that nobody asked to stop.
void explain_end(Task& task) {
    if (!task.stop_code.empty()) return;
    const auto never_ran = std::find_if(
        task.containers.begin(), task.containers.end(), [](const Container& container) {
            return container.reason.starts_with("Cannot");
        });
    if (never_ran != task.containers.end()) {
        task.stop_code = "TaskFailedToStart";
        task.stopped_reason = never_ran->reason;
        return;
    }
    task.stop_code = "EssentialContainerExited";
    task.stopped_reason = "Essential container in task exited";
}

} // namespace

Answer ControlPlane::discover_poll_endpoint(const ApiCall& call) {
    // Who calls us by AWS's name is told AWS's names.
    if (const std::string_view host = call.host;
        host.starts_with("ecs.") && host.find(".amazonaws.com") != std::string_view::npos) {
        const std::string_view domain = host.substr(4);
        return answer({{"endpoint", fmt::format("https://ecs-a-1.{}/", domain)},
                       {"telemetryEndpoint", fmt::format("https://ecs-t-1.{}/", domain)},
                       {"serviceConnectEndpoint", fmt::format("https://ecs-sc.{}", domain)}});
    }
    // The address by which another reached us is one that it can reach.
    const std::string base = "http://" + call.host;
    return answer({{"endpoint", base + "/acs/"},
                   {"telemetryEndpoint", base + "/tcs/"},
                   {"serviceConnectEndpoint", base + "/sc"}});
}

Answer ControlPlane::submit_task_state_change(const ApiCall& call) {
    const json::Object acknowledged{{"acknowledgment", "ack"}};
    Task* task = store_.task_by_arn(json::string_at(call.body, "task"));
    if (task == nullptr) {
        // A control plane that has forgotten a task still has to let its agent go on.
        log::debug("lab: an agent reports on the unknown task {}",
                   json::string_at(call.body, "task"));
        return answer(acknowledged);
    }
    for (const auto& report : json::array_at(call.body, "containers")) {
        const std::string_view name = json::string_at(report, "containerName");
        const auto found =
            std::find_if(task->containers.begin(),
                         task->containers.end(),
                         [&](const Container& container) { return container.name == name; });
        if (found != task->containers.end()) apply_container(*found, report);
    }
    for (const auto& attachment : json::array_at(call.body, "attachments")) {
        if (json::string_at(attachment, "status") == "ATTACHED")
            interface_attached(*task, json::string_at(attachment, "attachmentArn"), call.now);
    }
    if (const auto when = time_at(call.body, "pullStartedAt")) task->pull_started_at = when;
    if (const auto when = time_at(call.body, "pullStoppedAt")) task->pull_stopped_at = when;
    const std::string_view status = json::string_at(call.body, "status");
    if (status == "RUNNING" && is_live(*task)) {
        const bool news = task->last_status != "RUNNING";
        task->last_status = "RUNNING";
        if (!task->started_at) task->started_at = call.now;
        if (news) changed(*task, call.now);
    }
    if (status == "STOPPED" && is_live(*task)) {
        if (task->stopped_reason.empty())
            task->stopped_reason = json::string_at(call.body, "reason");
        explain_end(*task);
        finish(*task, call.now);
    }
    return answer(acknowledged);
}

Answer ControlPlane::submit_other_state_change(const ApiCall& /*call*/) {
    return answer({{"acknowledgment", "ack"}});
}

} // namespace squall::lab::ecs
