// What the agent remembers over a restart: its registration and its tasks. The file has the name
// that the real agent's has, agent.db, and is locked as that is; inside it is JSON and no bbolt,
// and it is replaced whole.
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squall::labhost {

struct ContainerState {
    json::Object definition; // as the payload gave it
    std::string name;
    std::string docker_name;
    std::string id;              // of the container; empty until it is created
    std::string status = "NONE"; // NONE, CREATED, RUNNING, STOPPED
    // The agent's own, which holds the network of a task in awsvpc mode: first to start, last to
    // stop, and nothing that the control plane hears of.
    bool is_pause = false;
    std::optional<std::int64_t> exit_code;
    std::string reason;
    json::Array bindings;
    bool essential = true;
    // HEALTHY, UNHEALTHY or UNKNOWN since when, of one that is checked; empty until the engine has
    // been asked. Not on disk.
    std::string health;
    double health_since = 0;

    [[nodiscard]] bool is_checked() const {
        return json::string_at(definition, "healthCheckType") == "docker";
    }
};

struct TaskState {
    std::string arn;
    std::string family;
    std::string version;
    std::string network_mode;
    std::string service_name;
    std::string desired_status = "RUNNING";
    std::string known_status = "PENDING"; // PENDING, RUNNING, STOPPED
    std::string reported_status;          // the last one the control plane has acknowledged
    std::string metadata_id;              // of the task's metadata and credentials endpoints
    json::Object credentials;             // of the task role; empty without one
    json::Object interface;               // in awsvpc mode: as the payload gave it
    int local_part = 0;                   // in awsvpc mode: of its address on the host's side
    std::string reason;                   // why it could not be had, where no container can say it
    std::vector<ContainerState> containers;
    double pull_started_at = 0;
    double stopped_at = 0;
};

// The lock on the state file that a living agent holds: on the file of that name, which is another
// one after each save.
class StateLock {
public:
    // Waits for as long as somebody else has it. An empty file is made where there is none.
    [[nodiscard]] static Result<StateLock> take(const Path& file);

    // After the file was replaced. Whoever was faster keeps it.
    void follow();

private:
    StateLock(Path file, Fd fd) : file_(std::move(file)), fd_(std::move(fd)) {}

    Path file_;
    Fd fd_;
};

struct AgentState {
    std::string cluster;
    std::string instance_arn;
    std::string ec2_instance_id;
    std::string availability_zone;
    std::map<std::string, TaskState> tasks; // by ARN

    // Nothing where there is no file yet, or an empty one; an error where there is one that cannot
    // be read.
    [[nodiscard]] static Result<std::optional<AgentState>> load(const Path& file);
    [[nodiscard]] Result<void> save(const Path& file) const;
};

} // namespace squall::labhost
