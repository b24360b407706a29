// The agent itself, and the engine that it needs.
#include "breaks/families.h"
#include "breaks/scripts.h"
#include "breaks/units.h"

namespace squall::lab::breaks {
namespace {

// kill -SIGNAL of the process whose number a file holds; gone is gone.
std::string signal_process_of(std::string_view pid_file, std::string_view signal) {
    return fmt::format("kill -{} \"$(cat {})\"\n", signal, pid_file);
}

constexpr Cause agent_stopped{"AGENT_STOPPED",
                              "",
                              "the agent's service is stopped, as by an administrator",
                              Need::nothing,
                              Sign::disconnected,
                              [] { return Steps{stop_agent()}; },
                              [](const json::Object&) { return Steps{start_agent()}; },
                              Keeps::agent_stopped};

constexpr Cause agent_hung{
    "AGENT_HUNG",
    "",
    "the agent's process is suspended: its sockets stay open, and it says nothing",
    Need::nothing,
    Sign::disconnected,
    [] {
        // What was broken before may have ended it.
        return Steps{
            script(fmt::format("kill -0 \"$(cat {0})\" 2>/dev/null || {{ echo 'no agent runs "
                               "that could hang' >&2; exit 1; }}\n{1}",
                               agent_pid_file,
                               signal_process_of(agent_pid_file, "STOP")))};
    },
    [](const json::Object&) {
        // Another agent runs by now, or none: then there is nothing to go on.
        return Steps{script(signal_process_of(agent_pid_file, "CONT") + "true\n"), start_agent()};
    },
    Keeps::agent_suspended};

constexpr Cause docker_down{"DOCKER_DOWN",
                            "",
                            "Docker's service is stopped, and systemd stops the agent's with it",
                            Need::nothing,
                            Sign::disconnected,
                            [] { return Steps{stop_docker()}; },
                            [](const json::Object&) { return Steps{start_agent()}; },
                            Keeps::docker_stopped};

constexpr Cause docker_unresponsive{
    "DOCKER_UNRESPONSIVE",
    "",
    "the Docker daemon is suspended: its socket takes calls and answers none",
    Need::nothing,
    Sign::impaired,
    [] { return Steps{script(signal_process_of(docker_pid_file, "STOP"))}; },
    [](const json::Object&) {
        return Steps{script(signal_process_of(docker_pid_file, "CONT") + "true\n"), start_agent()};
    },
    Keeps::docker_suspended};

constexpr std::string_view api_drop_in = "10-api-version.conf";

// Docker 29's own minimum.
constexpr Cause docker_api_incompat{
    "DOCKER_API_INCOMPAT",
    "",
    "Docker answers only clients of API version 1.44 and later, and the agent speaks an older one",
    Need::built_in_docker,
    Sign::disconnected,
    [] {
        return Steps{script(write_drop_in("docker",
                                          api_drop_in,
                                          "[Service]\nEnvironment=DOCKER_MIN_API_VERSION=1.44\n")),
                     restart_docker(),
                     restart_agent()};
    },
    [](const json::Object&) {
        return Steps{script(remove_drop_in("docker", api_drop_in)),
                     restart_docker(),
                     start_agent(),
                     restart_agent()};
    }};

} // namespace

std::vector<Cause> agent_causes() {
    return {agent_stopped, agent_hung, docker_down, docker_unresponsive, docker_api_incompat};
}

} // namespace squall::lab::breaks
