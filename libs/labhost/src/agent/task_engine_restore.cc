// What the engine does with tasks of earlier: after a restart of the agent, and when they are old.
#include "agent/task_engine.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::labhost {

void TaskEngine::restore() {
    for (auto& [arn, task] : state_.tasks) {
        // What was settled and never heard is told again.
        if (task.known_status != "PENDING" && task.reported_status != task.known_status)
            changed_(arn);
        if (task.known_status == "STOPPED") continue;
        for (auto& container : task.containers) {
            if (!container.id.empty()) {
                restore_container(arn, container.name);
                continue;
            }
            if (container.status == "STOPPED") continue;
            // Whether the engine made it before it could say so is not known: another name can
            // never be taken.
            container.status = "NONE";
            const auto& name = container.docker_name;
            container.docker_name = name.substr(0, name.rfind('-') + 1) + random_hex(20);
        }
        loop_.post([this, task_arn = arn] { start_next(task_arn); });
    }
}

void TaskEngine::restore_container(const std::string& arn, const std::string& name) {
    const ContainerState* container = find(arn, name);
    if (container->status == "STOPPED") return;
    docker_.inspect(container->id, [this, arn, name](const DockerAnswer& answer) {
        ContainerState* known = find(arn, name);
        if (known == nullptr) return;
        const auto& state = json::at(answer.body, "State");
        if (answer.status == 404)
            return ended(arn, name, std::nullopt, "DockerStateError: the container is gone");
        if (json::string_at(state, "Status") == "created") {
            return docker_.start(known->id, [this, arn, name](const DockerAnswer& result) {
                started(arn, name, result);
            });
        }
        if (answer.status == 200 && !json::bool_at(state, "Running"))
            return ended(arn, name, json::integer_at(state, "ExitCode"), "");
        if (answer.status == 200 && known->status != "RUNNING") return started(arn, name, answer);
        watch(arn, name);
        if (find(arn)->desired_status == "STOPPED") stop_containers(*find(arn));
    });
}

void TaskEngine::clean_up(WallTime now) {
    for (auto entry = state_.tasks.begin(); entry != state_.tasks.end();) {
        const TaskState& task = entry->second;
        const bool old = task.reported_status == "STOPPED"
                         && now - from_epoch_seconds(task.stopped_at) > cleanup_wait;
        if (!old) {
            ++entry;
            continue;
        }
        for (const auto& container : task.containers) {
            if (!container.id.empty()) docker_.remove(container.id, [](const DockerAnswer&) {});
        }
        if (metadata_files_) metadata_files_->remove(task);
        entry = state_.tasks.erase(entry);
        save_();
    }
}

} // namespace squall::labhost
