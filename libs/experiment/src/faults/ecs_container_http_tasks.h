// Which tasks a fault on HTTP traffic is about, and which container of each.
#pragma once

#include "squall/experiment/plan.h"
#include "squall/experiment/world.h"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace squall::experiment {

struct HttpTask {
    aws::Task task;
    TargetTask target;
    std::string health_command; // of the container; empty: it has no health check
};

struct HttpTasks {
    std::vector<HttpTask> tasks; // running, by id
    std::optional<aws::EcsService> service;
    std::size_t definitions = 0; // that were asked for
};

// The running tasks of TASK_REPLICA_ID, else of SERVICE_NAME, in this cluster (by ARN). Errors: no
// such service or task, nothing that runs, Fargate, a port that no container exposes, several
// containers that could be meant.
[[nodiscard]] Result<HttpTasks> find_http_tasks(World& world,
                                                const std::string& cluster,
                                                const TunableValues& values,
                                                Deadline deadline,
                                                const std::stop_token& stop);

// The container of a task that TARGET_SERVICE_PORT and CONTAINER_NAME mean: the one that maps the
// port; else, where a definition maps none at all, the only essential one. The error names what
// there is.
[[nodiscard]] Result<const aws::ContainerDefinition*>
container_of(const aws::TaskDefinition& definition, const TunableValues& values);

// The last part of an ARN, or an id as it is.
[[nodiscard]] std::string id_of(const std::string& arn);

} // namespace squall::experiment
