// What is different about a task in awsvpc mode: its containers share the network of a pause
// container, which has the task's elastic network interface.
#include "agent/task_engine.h"
#include "agent/task_network.h"
#include "squall/base/text.h"

#include <algorithm>
#include <set>

namespace squall::labhost {
namespace {

constexpr const char* pause_image = "amazon/amazon-ecs-pause:0.1.0";
constexpr const char* pause_name = "~internal~ecs~pause";

// The lowest that no task on this host has.
int free_local_part(const AgentState& state) {
    std::set<int> taken;
    for (const auto& [arn, task] : state.tasks) {
        if (task.known_status != "STOPPED") taken.insert(task.local_part);
    }
    int part = local_part_min;
    while (taken.contains(part))
        ++part;
    return part;
}

} // namespace

void TaskEngine::add_pause(TaskState& task) {
    ContainerState pause;
    pause.name = pause_name;
    pause.docker_name =
        fmt::format("ecs-{}-{}-internalecspause-{}", task.family, task.version, random_hex(20));
    pause.definition = {{"image", pause_image}};
    pause.is_pause = true;
    task.containers.insert(task.containers.begin(), std::move(pause));
    task.local_part = free_local_part(state_);
}

// The pause container has been started: its network is made, and only then the others begin.
void TaskEngine::connect(const std::string& arn, const std::string& name) {
    const ContainerState* pause = find(arn, name);
    docker_.inspect(pause->id, [this, arn, name](const DockerAnswer& answer) {
        ContainerState* started = find(arn, name);
        if (started == nullptr || started->status == "STOPPED") return;
        TaskState& task = *find(arn);
        const auto process = json::integer_at(json::at(answer.body, "State"), "Pid");
        Result<void> connected = fail(Errc::failed, "{}", answer.message);
        const auto interface = TaskInterface::parse(task.interface);
        if (!interface)
            connected = fail(interface.error());
        else if (process > 0)
            connected = make_network_(*interface, task.local_part, static_cast<pid_t>(process));
        // It runs whatever became of its network, and has to be stopped like any other.
        started->status = "RUNNING";
        watch(arn, name);
        if (connected) {
            save_();
            log_.info("Task network is ready", {{"task", arn}, {"eni", interface->id}});
            return task.desired_status == "STOPPED" ? stop_containers(task) : start_next(arn);
        }
        log_.error("Unable to set up the task's network",
                   {{"task", arn}, {"error", connected.error().message}});
        task.reason = "ResourceInitializationError: failed to configure ENI: failed to setup "
                      "regular eni: "
                      + connected.error().message;
        task.desired_status = "STOPPED";
        stop_containers(task);
    });
}

} // namespace squall::labhost
