// How the containers of tasks are by their own health checks. Docker runs the checks; the agent
// asks for the results, and its telemetry carries them.
#include "agent/task_engine.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::labhost {
namespace {

// Docker would tell by an event; asking this often is as good, and the shortest interval of a check
// is five seconds.
constexpr Millis look_interval{500};

bool is_to_be_asked(const ContainerState& container) {
    return container.is_checked() && container.status == "RUNNING";
}

// The agent's words for Docker's. What is still starting is not known.
std::string_view status_of(std::string_view docker_status) {
    if (docker_status == "healthy") return "HEALTHY";
    if (docker_status == "unhealthy") return "UNHEALTHY";
    return "UNKNOWN";
}

} // namespace

void TaskEngine::watch_health() {
    if (std::exchange(watches_health_, true)) return;
    health_timer_.start(look_interval, [this] {
        watches_health_ = false;
        if (ask_for_health()) watch_health();
    });
}

// False where there is nobody to ask for.
bool TaskEngine::ask_for_health() {
    bool any_runs = false;
    for (const auto& [arn, task] : state_.tasks) {
        for (const auto& container : task.containers) {
            if (!is_to_be_asked(container)) continue;
            any_runs = true;
            docker_.inspect(
                container.id,
                [this, task_arn = arn, name = container.name](const DockerAnswer& answer) {
                    // An engine that is away says nothing of its containers.
                    if (answer.status == 200) read_health(task_arn, name, answer.body);
                });
        }
    }
    return any_runs;
}

void TaskEngine::read_health(const std::string& arn,
                             const std::string& name,
                             const json::Value& inspected) {
    ContainerState* container = find(arn, name);
    if (container == nullptr || !is_to_be_asked(*container)) return;
    const auto& health = json::at(json::at(inspected, "State"), "Health");
    const auto status = status_of(json::string_at(health, "Status"));
    if (container->health == status) return;
    container->health = status;
    container->health_since = epoch_seconds(Wall::now());
    log_.info("Container health status changed",
              {{"task", arn}, {"container", name}, {"status", std::string(status)}});
    // Others may have waited for it.
    start_next(arn);
}

json::Array TaskEngine::health_report() const {
    json::Array tasks;
    for (const auto& [arn, task] : state_.tasks) {
        json::Array containers;
        for (const auto& container : task.containers) {
            if (!is_to_be_asked(container) || container.health.empty()) continue;
            containers.push_back(json::Object{{"containerName", container.name},
                                              {"healthStatus", container.health},
                                              {"statusSince", container.health_since}});
        }
        if (containers.empty()) continue;
        tasks.push_back(json::Object{{"taskArn", arn},
                                     {"taskDefinitionFamily", task.family},
                                     {"taskDefinitionVersion", task.version},
                                     {"containers", std::move(containers)}});
    }
    return tasks;
}

} // namespace squall::labhost
