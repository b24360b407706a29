#include "agent/task_engine.h"

#include "agent/container_request.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::labhost {
namespace {

constexpr std::int64_t default_stop_timeout = 30; // seconds
constexpr std::size_t reason_max = 255;
constexpr Seconds watch_retry{1};

std::string container_key(const std::string& arn, const std::string& name) {
    return arn + " " + name;
}

// Docker's words, in the form the agent reports them.
std::string failure_reason(std::string_view error_name, const DockerAnswer& answer) {
    return fmt::format("{}: Error response from daemon: {}", error_name, answer.message)
        .substr(0, reason_max);
}

// What inspect says of published ports, as SubmitTaskStateChange wants it.
json::Array network_bindings(const json::Value& inspected) {
    json::Array bindings;
    for (const auto& [key, hosts] :
         json::object_at(json::at(inspected, "NetworkSettings"), "Ports")) {
        const auto [port, protocol] = split_once(key, '/');
        if (!hosts.is_array()) continue;
        for (const auto& host : hosts.as_array()) {
            // Docker publishes on both; the agent tells of IPv6 where the instance has it.
            if (json::string_at(host, "HostIp") == "::") continue;
            bindings.push_back(json::Object{
                {"bindIP", json::string_at(host, "HostIp")},
                {"containerPort", to_integer(port).value_or(0)},
                {"hostPort", to_integer(json::string_at(host, "HostPort")).value_or(0)},
                {"protocol", protocol}});
        }
    }
    return bindings;
}

// True once every container that this one depends on is where it has to be.
bool may_start(const TaskState& task, const ContainerState& container) {
    const auto& dependencies = json::array_at(container.definition, "dependsOn");
    return std::all_of(dependencies.begin(), dependencies.end(), [&](const json::Value& one) {
        const std::string_view name = json::string_at(one, "containerName");
        const std::string_view condition = json::string_at(one, "condition");
        const auto found =
            std::find_if(task.containers.begin(),
                         task.containers.end(),
                         [&](const ContainerState& other) { return other.name == name; });
        if (found == task.containers.end()) return true;
        const bool ended = found->status == "STOPPED";
        if (condition == "SUCCESS") return ended && found->exit_code == 0;
        if (condition == "COMPLETE") return ended;
        if (condition == "HEALTHY") return found->health == "HEALTHY";
        return ended || found->status == "RUNNING";
    });
}

bool others_have_stopped(const TaskState& task, const ContainerState& container) {
    return std::all_of(
        task.containers.begin(), task.containers.end(), [&](const ContainerState& other) {
            return &other == &container || other.status == "STOPPED";
        });
}

TaskState new_task(const json::Value& payload) {
    TaskState task;
    task.arn = json::string_at(payload, "arn");
    task.family = json::string_at(payload, "family");
    task.version = json::string_at(payload, "version");
    task.network_mode = json::string_at(payload, "networkMode", "bridge");
    task.service_name = json::string_at(payload, "serviceName");
    task.credentials = json::object_at(payload, "roleCredentials");
    if (const auto& interfaces = json::array_at(payload, "elasticNetworkInterfaces");
        !interfaces.empty() && interfaces.front().is_object())
        task.interface = interfaces.front().as_object();
    task.metadata_id = random_uuid();
    for (const auto& definition : json::array_at(payload, "containers")) {
        ContainerState container;
        container.definition = definition.is_object() ? definition.as_object() : json::Object{};
        container.name = json::string_at(definition, "name");
        container.docker_name = fmt::format(
            "ecs-{}-{}-{}-{}", task.family, task.version, container.name, random_hex(20));
        container.essential = json::bool_at(definition, "essential", /*otherwise=*/true);
        task.containers.push_back(std::move(container));
    }
    return task;
}

} // namespace

TaskEngine::TaskEngine(transport::Loop& loop,
                       DockerClient& docker,
                       AgentLog& log,
                       AgentState& state,
                       std::function<void(const std::string&)> changed,
                       std::function<void()> save,
                       MakeNetwork make_network)
    : loop_(loop),
      docker_(docker),
      log_(log),
      state_(state),
      changed_(std::move(changed)),
      save_(std::move(save)),
      make_network_(std::move(make_network)),
      health_timer_(loop) {}

TaskState* TaskEngine::find(const std::string& arn) {
    const auto found = state_.tasks.find(arn);
    return found == state_.tasks.end() ? nullptr : &found->second;
}

ContainerState* TaskEngine::find(const std::string& arn, const std::string& container) {
    TaskState* task = find(arn);
    if (task == nullptr) return nullptr;
    const auto found =
        std::find_if(task->containers.begin(),
                     task->containers.end(),
                     [&](const ContainerState& one) { return one.name == container; });
    return found == task->containers.end() ? nullptr : &*found;
}

bool TaskEngine::is_idle() const {
    return std::all_of(state_.tasks.begin(), state_.tasks.end(), [](const auto& entry) {
        return entry.second.known_status == "STOPPED";
    });
}

void TaskEngine::apply(const json::Value& payload) {
    const std::string arn(json::string_at(payload, "arn"));
    if (arn.empty()) return;
    const bool wants_stop = json::string_at(payload, "desiredStatus") == "STOPPED";
    if (!has(arn)) {
        if (state_.tasks.size() >= tasks_max) return log_.error("Too many tasks", {{"task", arn}});
        TaskState& added = state_.tasks[arn] = new_task(payload);
        if (added.network_mode == "awsvpc") add_pause(added);
        if (wants_stop) {
            // It never ran here: say so, and nothing else.
            TaskState& task = state_.tasks[arn];
            task.desired_status = "STOPPED";
            for (auto& container : task.containers)
                container.status = "STOPPED";
            return settle(task);
        }
        save_();
        return start_next(arn);
    }
    if (wants_stop) stop(arn);
}

void TaskEngine::stop(const std::string& arn) {
    TaskState* task = find(arn);
    if (task == nullptr || task->desired_status == "STOPPED") return;
    task->desired_status = "STOPPED";
    save_();
    stop_containers(*task);
}

// Containers start one after the other: in the payload's order, but none before what it depends on.
void TaskEngine::start_next(const std::string& arn) {
    TaskState* task = find(arn);
    if (task == nullptr || task->desired_status == "STOPPED") return;
    auto& containers = task->containers;
    const auto any_is = [&](std::string_view status) {
        return std::any_of(containers.begin(), containers.end(), [&](const ContainerState& one) {
            return one.status == status;
        });
    };
    if (any_is("CREATED")) return; // on its way
    for (auto& container : containers) {
        if (container.status == "NONE" && may_start(*task, container))
            return create(*task, container);
    }
    settle(*task);
    if (!any_is("NONE") || any_is("RUNNING")) return;
    // What these wait for can no longer come: the task cannot go on.
    task->desired_status = "STOPPED";
    stop_containers(*task);
}

void TaskEngine::create(TaskState& task, ContainerState& container) {
    container.status = "CREATED";
    if (task.pull_started_at == 0) task.pull_started_at = epoch_seconds(Wall::now());
    save_();
    log_.info("Creating container",
              {{"task", task.arn},
               {"container", container.name},
               {"image", std::string(json::string_at(container.definition, "image"))}});
    json::Object request = container_request(state_, task, container);
    if (metadata_files_ && !container.is_pause) {
        // A container does without, as with the real agent; Docker would fail to bind what is not
        // there.
        const auto begun = metadata_files_->begin(state_, task, container);
        said(container, begun);
        if (begun) add_metadata_folder(request, task, metadata_files_->folder_of(task, container));
    }
    docker_.create(container.docker_name,
                   request,
                   [this, arn = task.arn, name = container.name](const DockerAnswer& answer) {
                       created(arn, name, answer);
                   });
}

void TaskEngine::created(const std::string& arn,
                         const std::string& name,
                         const DockerAnswer& answer) {
    ContainerState* container = find(arn, name);
    if (container == nullptr) return;
    if (answer.status == 404)
        return ended(arn, name, std::nullopt, failure_reason("CannotPullContainerError", answer));
    if (!answer.is_success())
        return ended(arn, name, std::nullopt, failure_reason("CannotCreateContainerError", answer));
    container->id = json::string_at(answer.body, "Id");
    save_();
    if (find(arn)->desired_status == "STOPPED") return ended(arn, name, std::nullopt, "");
    docker_.start(container->id,
                  [this, arn, name](const DockerAnswer& result) { started(arn, name, result); });
}

void TaskEngine::started(const std::string& arn,
                         const std::string& name,
                         const DockerAnswer& answer) {
    ContainerState* container = find(arn, name);
    if (container == nullptr) return;
    if (!answer.is_success() && answer.status != 304)
        return ended(arn, name, std::nullopt, failure_reason("CannotStartContainerError", answer));
    if (container->is_pause) return connect(arn, name);
    container->status = "RUNNING";
    read_bindings(arn, name);
}

void TaskEngine::read_bindings(const std::string& arn, const std::string& name) {
    const ContainerState* container = find(arn, name);
    if (container == nullptr) return;
    docker_.inspect(container->id, [this, arn, name](const DockerAnswer& answer) {
        ContainerState* inspected = find(arn, name);
        if (inspected == nullptr) return;
        inspected->bindings = network_bindings(answer.body);
        if (metadata_files_)
            said(*inspected,
                 metadata_files_->complete(state_, *find(arn), *inspected, answer.body));
        save_();
        log_.info("Container is running",
                  {{"task", arn}, {"container", name}, {"runtimeID", inspected->id}});
        watch(arn, name);
        if (find(arn)->desired_status == "STOPPED")
            stop_containers(*find(arn));
        else
            start_next(arn);
    });
}

// A container runs without it, too.
void TaskEngine::said(const ContainerState& container, const Result<void>& written) {
    if (!written)
        log_.warn("Unable to write the metadata file",
                  {{"container", container.name}, {"error", written.error().message}});
}

void TaskEngine::watch(const std::string& arn, const std::string& name) {
    const ContainerState* container = find(arn, name);
    if (container == nullptr || container->status == "STOPPED"
        || !watched_.insert(container_key(arn, name)).second)
        return;
    if (container->is_checked()) watch_health();
    docker_.wait(container->id, [this, arn, name](const DockerAnswer& answer) {
        watched_.erase(container_key(arn, name));
        if (answer.status == 200)
            return ended(arn, name, json::integer_at(answer.body, "StatusCode"), "");
        if (answer.status == 404)
            return ended(arn, name, std::nullopt, "DockerStateError: the container is gone");
        // The engine is away (a restart): what became of the container is asked when it is back.
        auto timer = std::make_shared<transport::Timer>(loop_);
        timer->start(watch_retry, [this, arn, name, timer] { watch(arn, name); });
    });
}

void TaskEngine::ended(const std::string& arn,
                       const std::string& name,
                       std::optional<std::int64_t> exit_code,
                       const std::string& reason) {
    TaskState* task = find(arn);
    ContainerState* container = find(arn, name);
    if (task == nullptr || container->status == "STOPPED") return;
    container->status = "STOPPED";
    container->exit_code = exit_code;
    container->reason = reason;
    log_.info("Container has stopped",
              {{"task", arn},
               {"container", name},
               {"exitCode", exit_code ? std::to_string(*exit_code) : "none"},
               {"reason", reason}});
    if (container->essential && task->desired_status != "STOPPED") {
        task->desired_status = "STOPPED";
        stop_containers(*task);
    }
    if (task->desired_status != "STOPPED")
        start_next(arn);
    else
        stop_containers(*task); // the pause container may be due
    settle(*task);
}

void TaskEngine::stop_containers(TaskState& task) {
    for (auto& container : task.containers)
        if (container.status == "NONE") container.status = "STOPPED";
    for (auto& container : task.containers) {
        if (container.is_pause && !others_have_stopped(task, container)) continue;
        if (container.status != "RUNNING"
            || !stopping_.insert(container_key(task.arn, container.name)).second)
            continue;
        const auto grace =
            Seconds(json::integer_at(container.definition, "stopTimeout", default_stop_timeout));
        docker_.stop(container.id,
                     grace,
                     [this, key = container_key(task.arn, container.name)](const DockerAnswer&) {
                         stopping_.erase(key);
                     });
    }
    settle(task);
}

// Works out the task's status from its containers, and tells when it is news.
void TaskEngine::settle(TaskState& task) {
    const auto all = [&](std::string_view status) {
        return std::all_of(
            task.containers.begin(), task.containers.end(), [&](const ContainerState& container) {
                return container.status == status;
            });
    };
    const bool any_pending = std::any_of(
        task.containers.begin(), task.containers.end(), [](const ContainerState& container) {
            return container.status == "NONE" || container.status == "CREATED";
        });
    const std::string before = task.known_status;
    if (all("STOPPED"))
        task.known_status = "STOPPED";
    else if (!any_pending && before != "STOPPED")
        task.known_status = "RUNNING";
    if (task.known_status == "STOPPED" && task.stopped_at == 0)
        task.stopped_at = epoch_seconds(Wall::now());
    save_();
    const bool container_news = task.known_status == "RUNNING"
                                && std::any_of(task.containers.begin(),
                                               task.containers.end(),
                                               [](const ContainerState& container) {
                                                   return container.status == "STOPPED";
                                               });
    if (task.known_status != before || container_news) changed_(task.arn);
}

json::Object TaskEngine::report_of(const TaskState& task) const {
    json::Array containers;
    for (const auto& container : task.containers) {
        if (container.is_pause) continue;
        json::Object one{{"containerName", container.name},
                         {"status", container.status == "STOPPED" ? "STOPPED" : "RUNNING"}};
        if (!container.id.empty()) one["runtimeId"] = container.id;
        if (container.exit_code) one["exitCode"] = *container.exit_code;
        if (!container.reason.empty()) one["reason"] = container.reason;
        if (!container.bindings.empty()) one["networkBindings"] = container.bindings;
        containers.push_back(std::move(one));
    }
    json::Object report{{"cluster", state_.cluster},
                        {"task", task.arn},
                        {"status", task.known_status},
                        {"reason", task.reason},
                        {"containers", std::move(containers)}};
    if (task.pull_started_at > 0) report["pullStartedAt"] = task.pull_started_at;
    if (task.pull_started_at > 0) report["pullStoppedAt"] = task.pull_started_at;
    if (task.stopped_at > 0) report["executionStoppedAt"] = task.stopped_at;
    return report;
}

} // namespace squall::labhost
