#include "breaks/units.h"

#include <fmt/format.h>

namespace squall::lab::breaks {
namespace {

// unit VERB NAME, under either init; a job of Upstart that is in that state already is no error,
// and its restart is a try-restart.
constexpr std::string_view unit_function = R"(unit() {
    if [ -d /run/systemd/system ]; then systemctl "$1" "$2"; else initctl "${1#try-}" "$2" || true; fi
}
)";

constexpr std::string_view forget_failures = R"(if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl reset-failed docker ecs || true
fi
)";

// suspended PIDFILE: gone is not suspended.
constexpr std::string_view suspended_function = R"(suspended() {
    grep -qs '^State:[[:space:]]*T' "/proc/$(cat "$1" 2>/dev/null)/status"
}
)";

// What a process goes through only while it is not suspended: SIGTERM would wait, SIGKILL would
// not.
std::string unless_suspended(std::string_view pid_file, std::string_view command) {
    return fmt::format("{}if ! suspended {}; then {}; fi\n", suspended_function, pid_file, command);
}

std::string agent_stop(const Kept& kept) {
    if (kept.contains(Keeps::agent_suspended))
        return unless_suspended(agent_pid_file, "unit stop ecs");
    return "unit stop ecs\n";
}

// Somebody may have started by hand what was stopped, and then it restarts as any other.
std::string agent_restart(const Kept& kept) {
    if (kept.contains(Keeps::agent_stopped) || kept.contains(Keeps::docker_stopped))
        return "unit try-restart ecs || true\n";
    if (kept.contains(Keeps::agent_suspended))
        return unless_suspended(agent_pid_file, "unit restart ecs || true");
    return "unit restart ecs || true\n";
}

std::string agent_start(const Kept& kept) {
    if (kept.contains(Keeps::docker_stopped)) return {};
    if (kept.contains(Keeps::agent_stopped)) return "unit start docker\n";
    return "unit start docker\nunit start ecs || true\n";
}

// The agent's service restarts with Docker's, unless it is stopped.
std::string docker_restart(const Kept& kept) {
    if (kept.contains(Keeps::docker_stopped)) return "unit try-restart docker\n";
    if (kept.contains(Keeps::docker_suspended))
        return unless_suspended(docker_pid_file, "unit restart docker");
    if (kept.contains(Keeps::agent_suspended))
        return unless_suspended(agent_pid_file, "unit restart docker");
    return "unit restart docker\n";
}

std::string commands_for(UnitOrder order, const Kept& kept) {
    switch (order) {
    case UnitOrder::stop_agent:
        return agent_stop(kept);
    case UnitOrder::restart_agent:
        return std::string(forget_failures) + agent_restart(kept);
    case UnitOrder::start_agent:
        return std::string(forget_failures) + agent_start(kept);
    case UnitOrder::stop_docker:
        return "unit stop docker\n";
    case UnitOrder::start_docker:
        return kept.contains(Keeps::docker_stopped) ? std::string() : "unit start docker\n";
    case UnitOrder::restart_docker:
        return docker_restart(kept);
    }
    return {};
}

} // namespace

Step stop_agent() { return OnUnits{UnitOrder::stop_agent}; }

Step restart_agent() { return OnUnits{UnitOrder::restart_agent}; }

Step start_agent() { return OnUnits{UnitOrder::start_agent}; }

Step stop_docker() { return OnUnits{UnitOrder::stop_docker}; }

Step start_docker() { return OnUnits{UnitOrder::start_docker}; }

Step restart_docker() { return OnUnits{UnitOrder::restart_docker}; }

std::string script_for(UnitOrder order, const Kept& kept) {
    const std::string commands = commands_for(order, kept);
    return commands.empty() ? commands : std::string(unit_function) + commands;
}

} // namespace squall::lab::breaks
