// The Docker Engine on this host, asked over its unix socket (API 1.24, which every Docker of an
// ECS-optimized AMI has).
#pragma once

#include "squall/base/file.h"
#include "squall/base/json.h"

#include <string>
#include <vector>

namespace squall::host_app {

struct Container {
    std::string id;
    std::string name;                 // of its task definition
    std::string task;                 // its id
    pid_t pid = 0;                    // of its first process, as seen here
    std::vector<std::uint16_t> ports; // that it maps or exposes
    std::string bridge_address;       // in bridge mode: where the host reaches it
    bool is_pause = false;            // holds the namespace of a task in awsvpc mode
};

class DockerApi {
public:
    // Where DOCKER_HOST says (unix://…), else at its usual place.
    DockerApi();

    // Running containers that the ECS agent has started. Their pids are not known yet.
    [[nodiscard]] Result<std::vector<Container>> containers_of_tasks() const;

    // By id, the beginning of one, or name. Fails with not_found.
    [[nodiscard]] Result<Container> inspect(const std::string& id) const;

private:
    [[nodiscard]] Result<json::Value> get(const std::string& target) const;

    Path socket_;
};

// What comes after the last '/' of an ARN; the text itself where it is none.
[[nodiscard]] std::string task_id_of(std::string_view arn);

} // namespace squall::host_app
