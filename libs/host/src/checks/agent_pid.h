// The process of the ECS agent, as /proc shows it.
#pragma once

#include "checks/facts.h"

#include <sys/types.h>

#include <optional>
#include <string>

namespace squall::host {

struct AgentProcess {
    pid_t pid = 0;
    std::string known_by; // "the container ecs-agent", "/run/ecs-agent.pid", "its name"
    std::string name;     // as the kernel has it
    char state = '?';     // R S D T Z, of the whole process
};

// Without `known_by`; nothing where no such process is.
[[nodiscard]] std::optional<AgentProcess> read_process(const Facts& facts, pid_t pid);

// By the container ecs-agent, by /run/ecs-agent.pid, or by its name. Nothing where there is none.
[[nodiscard]] std::optional<AgentProcess> find_agent(Facts& facts, Deadline deadline);

} // namespace squall::host
