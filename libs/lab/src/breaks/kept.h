// What a cause keeps as it is on a host for as long as it is true, and what would end it.
#pragma once

#include <set>

namespace squall::lab::breaks {

enum class Keeps {
    nothing,          // that a restart could end
    until_boot,       // a mount, a rule or a process, which are gone when the host boots
    agent_stopped,    // these four are gone then, too
    agent_suspended,  // by SIGSTOP
    docker_stopped,   // and the agent with it
    docker_suspended, // by SIGSTOP
};

using Kept = std::set<Keeps>;

// It is about the agent's process or Docker's, which other causes restart.
[[nodiscard]] constexpr bool is_of_process(Keeps keeps) { return keeps > Keeps::until_boot; }

// Both cannot be: who stops a process ends its suspension, and who stops Docker stops the agent.
[[nodiscard]] constexpr bool contradict(Keeps one, Keeps other) {
    const auto are = [&](Keeps stopped, Keeps suspended) {
        return (one == stopped && other == suspended) || (one == suspended && other == stopped);
    };
    return are(Keeps::agent_stopped, Keeps::agent_suspended)
           || are(Keeps::docker_stopped, Keeps::agent_suspended)
           || are(Keeps::docker_stopped, Keeps::docker_suspended);
}

} // namespace squall::lab::breaks
