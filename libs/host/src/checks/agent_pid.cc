#include "checks/agent_pid.h"

#include "squall/base/text.h"

namespace squall::host {
namespace {

constexpr std::size_t line_max = 1U << 16U;

std::string command_line(const Facts& facts, pid_t pid) {
    std::string text =
        read_file(facts.path(fmt::format("/proc/{}/cmdline", pid)), line_max).value_or("");
    return replace_all(std::move(text), std::string_view("\0", 1), " ");
}

// /agent in its container, /usr/bin/amazon-ecs-agent on Bottlerocket; in a lab, squall's part that
// plays it. A process "agent" may be anybody's.
bool is_agent(std::string_view command) {
    const auto program = split_once(command, ' ').first;
    if (program == "/agent" || program.ends_with("/amazon-ecs-agent")) return true;
    return command.find("lab-host ecs-agent") != std::string_view::npos
           && program.ends_with("squall");
}

std::optional<AgentProcess> by_number(const Facts& facts, pid_t pid, const char* known_by) {
    if (pid <= 0) return std::nullopt;
    auto process = read_process(facts, pid);
    if (process) process->known_by = known_by;
    return process;
}

std::vector<pid_t> with_its_name(const Facts& facts) {
    std::vector<pid_t> found;
    std::error_code error;
    std::filesystem::directory_iterator entries(facts.path("/proc"), error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        const auto pid = to_integer(entries->path().filename().string());
        if (pid && is_agent(command_line(facts, static_cast<pid_t>(*pid))))
            found.push_back(static_cast<pid_t>(*pid));
    }
    return found;
}

} // namespace

// /proc/PID/stat: "24 (squall) S 11 …"; the name may hold anything.
std::optional<AgentProcess> read_process(const Facts& facts, pid_t pid) {
    const auto text = read_file(facts.path(fmt::format("/proc/{}/stat", pid)), line_max);
    if (!text) return std::nullopt;
    const auto open = text->find('(');
    const auto close = text->rfind(") ");
    if (open == std::string::npos || close == std::string::npos || close + 2 >= text->size())
        return std::nullopt;
    AgentProcess process;
    process.pid = pid;
    process.name = text->substr(open + 1, close - open - 1);
    process.state = (*text)[close + 2];
    return process;
}

std::optional<AgentProcess> find_agent(Facts& facts, Deadline deadline) {
    const std::string pid_file = "/run/ecs-agent.pid";
    const auto written =
        to_integer(trimmed(read_file(facts.path(pid_file), 64).value_or(std::string())));
    if (written && is_agent(command_line(facts, static_cast<pid_t>(*written)))) {
        if (auto found = by_number(facts, static_cast<pid_t>(*written), "/run/ecs-agent.pid"))
            return found;
    }
    const auto named = with_its_name(facts);
    if (named.size() == 1) return by_number(facts, named.front(), "its command line");
    // Docker may hang: it is asked where nothing else tells, as when a task has an /agent, too.
    const auto* docker = facts.docker(deadline);
    const auto pid = docker == nullptr
                         ? 0
                         : static_cast<pid_t>(json::integer_at(docker->container_state(), "Pid"));
    if (auto found = by_number(facts, pid, "the container ecs-agent")) return found;
    return named.empty() ? std::nullopt : by_number(facts, named.front(), "its command line");
}

} // namespace squall::host
