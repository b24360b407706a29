// Which containers of this host are meant: by task, as the ECS agent has labelled them with Docker
// or written down in their metadata files.
#pragma once

#include "docker_api.h"

namespace squall::host_app {

struct Lookup {
    std::vector<std::string> tasks; // ids or ARNs; TASK=NAME says which container of it
    std::string container_name;     // of the others; empty: the one there is, or that has the port
    std::uint16_t port = 0;
};

struct Found {
    std::vector<Container> containers; // one for each task, with its pid
    std::vector<std::string> absent;   // ids of tasks that do not run here
};

// Fails where a task of this host has no such container, or several that could be meant.
[[nodiscard]] Result<Found> find_containers(const Lookup& lookup);

// By its id, or the beginning of it.
[[nodiscard]] Result<Container> find_container(const std::string& id);

// What the ECS agent has written of its containers (ECS_ENABLE_CONTAINER_METADATA): below `folder`
// CLUSTER/TASK/NAME/ecs-container-metadata.json, or TASK/NAME/… of older agents.
[[nodiscard]] std::vector<Container>
containers_in_metadata(const Path& folder = "/var/lib/ecs/data/metadata");

// The process of a container that no Docker tells of: the one whose control group has its id in it
// and that has the least number. 0: none.
[[nodiscard]] pid_t process_of_container(const std::string& id);

} // namespace squall::host_app
