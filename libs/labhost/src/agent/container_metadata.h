// The container metadata file (ECS_ENABLE_CONTAINER_METADATA): by it a container, and whatever runs
// on the host, finds out which task a container belongs to. One for each container, below the
// agent's data folder, with the keys and the indentation of the real agent's.
#pragma once

#include "agent/agent_state.h"

namespace squall::labhost {

class MetadataFiles {
public:
    // `host_address` is the instance's own.
    MetadataFiles(Path data_dir, std::string host_address)
        : data_dir_(std::move(data_dir)), host_address_(std::move(host_address)) {}

    // metadata/CLUSTER/TASKID/NAME; metadata/TASKID/NAME for an ARN of the old form.
    [[nodiscard]] Path folder_of(const TaskState& task, const ContainerState& container) const;

    // Before the container is made: what is known by then, without MetadataFileStatus.
    [[nodiscard]] Result<void>
    begin(const AgentState& state, const TaskState& task, const ContainerState& container) const;
    // Once it runs: READY, with what the engine says of it.
    [[nodiscard]] Result<void> complete(const AgentState& state,
                                        const TaskState& task,
                                        const ContainerState& container,
                                        const json::Value& inspected) const;
    // All of a task's.
    void remove(const TaskState& task) const;

    // Where a container sees its own, in its own file system.
    [[nodiscard]] static std::string folder_inside(const TaskState& task);

private:
    [[nodiscard]] Path folder_of(const TaskState& task) const;
    [[nodiscard]] Result<void> write(const TaskState& task,
                                     const ContainerState& container,
                                     const json::Object& metadata) const;

    Path data_dir_;
    std::string host_address_;
};

} // namespace squall::labhost
