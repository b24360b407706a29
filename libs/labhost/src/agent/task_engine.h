// The tasks of one instance: from the control plane's payload to containers, and back to state
// changes. Everything runs on the loop's thread.
#pragma once

#include "agent/agent_log.h"
#include "agent/agent_state.h"
#include "agent/container_metadata.h"
#include "agent/task_network.h"
#include "cloud/docker_client.h"

#include <functional>
#include <set>

namespace squall::labhost {

class TaskEngine {
public:
    static constexpr std::size_t tasks_max = 1000;
    // Stopped tasks and their containers are removed after this (the agent's default).
    static constexpr std::chrono::hours cleanup_wait{3};

    // How a task's network is made: connect_task(), or what a test has instead.
    using MakeNetwork = std::function<Result<void>(const TaskInterface&, int local_part, pid_t)>;

    // `changed` is called when a task's known status, or a container of a running task, has news
    // for the control plane; `save` when the state must go to disk. References outlive the engine.
    TaskEngine(transport::Loop& loop,
               DockerClient& docker,
               AgentLog& log,
               AgentState& state,
               std::function<void(const std::string& arn)> changed,
               std::function<void()> save,
               MakeNetwork make_network = connect_task);

    // From now on every container has a metadata file.
    void keep_metadata(MetadataFiles files) { metadata_files_ = std::move(files); }

    // Takes up what a restart left: containers that still run are watched, those that ended are
    // reported.
    void restore();
    // One task of a payload: new, again, or with the wish that it stop.
    void apply(const json::Value& payload_task);
    // The control plane wants it gone.
    void stop(const std::string& arn);

    [[nodiscard]] bool has(const std::string& arn) const { return state_.tasks.contains(arn); }

    // True while any task has a container that runs or should.
    [[nodiscard]] bool is_idle() const;
    void clean_up(WallTime now);

    // The `tasks` of PublishHealth: those that run and have a container that is checked.
    // task_health.cc
    [[nodiscard]] json::Array health_report() const;
    // The body of SubmitTaskStateChange for a task as it is now.
    [[nodiscard]] json::Object report_of(const TaskState& task) const;

private:
    TaskState* find(const std::string& arn);
    ContainerState* find(const std::string& arn, const std::string& container);
    void start_next(const std::string& arn);
    void restore_container(const std::string& arn, const std::string& name);
    // awsvpc_tasks.cc
    void add_pause(TaskState& task);
    void connect(const std::string& arn, const std::string& name);
    void create(TaskState& task, ContainerState& container);
    void created(const std::string& arn, const std::string& name, const DockerAnswer& answer);
    void started(const std::string& arn, const std::string& name, const DockerAnswer& answer);
    void read_bindings(const std::string& arn, const std::string& name);
    void said(const ContainerState& container, const Result<void>& written);
    void watch(const std::string& arn, const std::string& name);
    void ended(const std::string& arn,
               const std::string& name,
               std::optional<std::int64_t> exit_code,
               const std::string& reason);
    // Asks the engine how the checked containers are, as long as one runs.
    void watch_health();
    bool ask_for_health();
    void read_health(const std::string& arn, const std::string& name, const json::Value& inspected);
    void stop_containers(TaskState& task);
    void settle(TaskState& task);

    transport::Loop& loop_;
    DockerClient& docker_;
    AgentLog& log_;
    AgentState& state_;
    std::function<void(const std::string&)> changed_;
    std::function<void()> save_;
    MakeNetwork make_network_;
    std::optional<MetadataFiles> metadata_files_;
    transport::Timer health_timer_;
    bool watches_health_ = false;
    std::set<std::string> stopping_; // containers that were asked to stop
    std::set<std::string> watched_;
};

} // namespace squall::labhost
