// The agent's process: does it run, does it have room for its descriptors, is it connected?
#include "checks/agent_pid.h"
#include "checks/checks.h"
#include "checks/supervisor.h"
#include "checks/unit.h"
#include "checks/words.h"
#include "squall/base/text.h"

#include <algorithm>
#include <set>

namespace squall::host {
namespace {

constexpr std::size_t table_max = 16U << 20U;

struct Descriptors {
    std::size_t open = 0;
    std::int64_t limit = 0;
    std::set<std::string, std::less<>> sockets; // inodes
    bool is_known = false;
};

Descriptors descriptors_of(const Facts& facts, pid_t pid) {
    Descriptors found;
    std::error_code error;
    std::filesystem::directory_iterator entries(facts.path(fmt::format("/proc/{}/fd", pid)), error);
    found.is_known = !error;
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        ++found.open;
        std::error_code gone;
        const std::string target = std::filesystem::read_symlink(entries->path(), gone).string();
        if (target.starts_with("socket:["))
            found.sockets.insert(target.substr(8, target.size() - 9));
    }
    const auto limits =
        read_file(facts.path(fmt::format("/proc/{}/limits", pid)), 1U << 16U).value_or("");
    for (const std::string& line : split(limits, '\n')) {
        if (!line.starts_with("Max open files")) continue;
        const std::string_view rest = trimmed(std::string_view(line).substr(14));
        found.limit = to_integer(rest.substr(0, rest.find(' '))).value_or(0);
    }
    return found;
}

// Established connections of these sockets to that port, in the network that the process is in.
// A row: number, local address, remote address, state, …, inode; all but the last in hex.
std::size_t connections(const Facts& facts,
                        pid_t pid,
                        const std::set<std::string, std::less<>>& sockets,
                        std::uint16_t port) {
    constexpr std::string_view established = "01";
    constexpr std::size_t inode_at = 9;
    const std::string wanted = fmt::format(":{:04X}", port);
    std::size_t count = 0;
    for (const char* table : {"tcp", "tcp6"}) {
        const auto text =
            read_file(facts.path(fmt::format("/proc/{}/net/{}", pid, table)), table_max);
        if (!text) continue;
        for (const std::string& line : split(*text, '\n')) {
            const auto words = words_of(line);
            if (words.size() > inode_at && words[3] == established && words[2].ends_with(wanted)
                && sockets.contains(words[inode_at]))
                ++count;
        }
    }
    return count;
}

std::uint16_t backend_port(Facts& facts, Deadline deadline) {
    constexpr std::uint16_t https = 443;
    const auto* config = facts.config(deadline);
    if (config == nullptr || config->get("ECS_BACKEND_HOST").empty()) return https;
    const auto url = wire::parse_url(facts.api_url(deadline));
    return url ? url->port : https;
}

// Of the ecs service, as long as it has one.
std::optional<AgentProcess> supervisor_of(const Facts& facts, const Unit& unit) {
    const auto pid = unit.number("MainPID");
    return pid > 0 ? read_process(facts, static_cast<pid_t>(pid)) : std::nullopt;
}

// `ended`: what is left of one, until somebody asks how it ended.
Look no_process(Facts& facts, const std::optional<AgentProcess>& ended, Deadline deadline) {
    const auto unit = show_unit(facts, "ecs", deadline);
    const auto supervisor = unit ? supervisor_of(facts, *unit) : std::nullopt;
    if (supervisor && is_stopped(supervisor->state))
        return finding(stopped_supervisor(supervisor->pid,
                                          supervisor->name,
                                          evidence(fmt::format("/proc/{}/stat", supervisor->pid),
                                                   fmt::format("state {}; {} says MainPID={}",
                                                               supervisor->state,
                                                               unit->asked,
                                                               supervisor->pid))));
    const Evidence seen =
        ended ? evidence(fmt::format("/proc/{}/stat", ended->pid), "state Z: it has ended")
              : evidence("/proc/*/cmdline", "no agent");
    if (unit && unit->is_active())
        return finding(sign("AGENT_CRASHLOOP",
                            Certainty::likely,
                            "the ecs service is active, and there is no agent process: it ends "
                            "soon after it has begun, or waits for Docker",
                            {seen, evidence(unit->asked, unit->state_text())},
                            {"tail -n 20 /var/log/ecs/ecs-init.log"}));
    // Why it does not run is what the service's state says.
    return could_not_look("there is no agent process to look at", "ps -ef | grep agent");
}

std::optional<Sign> hung(const AgentProcess& agent) {
    const std::string asked = fmt::format("/proc/{}/stat", agent.pid);
    const std::string came = fmt::format("state {}", agent.state);
    if (is_stopped(agent.state)) {
        auto stopped =
            sign("AGENT_HUNG",
                 Certainty::certain,
                 fmt::format("the agent's process {} is stopped (state {}): somebody has sent "
                             "it SIGSTOP, or debugs it",
                             agent.pid,
                             agent.state),
                 {evidence(asked, came)},
                 {fmt::format("sudo kill -CONT {}", agent.pid)});
        stopped.is_root = true;
        stopped.instead_of = 1;
        return stopped;
    }
    if (agent.state == 'D')
        return sign("AGENT_HUNG",
                    Certainty::possible,
                    fmt::format("the agent's process {} waits for a disk (state D)", agent.pid),
                    {evidence(asked, came)});
    return std::nullopt;
}

std::optional<Sign> too_many_files(const AgentProcess& agent, const Descriptors& descriptors) {
    constexpr double nearly = 0.95;
    if (descriptors.limit <= 0
        || static_cast<double>(descriptors.open) < nearly * static_cast<double>(descriptors.limit))
        return std::nullopt;
    return sign("FD_EXHAUSTION",
                Certainty::certain,
                fmt::format("the agent has {} of its {} file descriptors open",
                            descriptors.open,
                            descriptors.limit),
                {evidence(fmt::format("/proc/{}/fd", agent.pid),
                          fmt::format("{} of {}", descriptors.open, descriptors.limit))});
}

} // namespace

Look check_agent_process(Facts& facts, Deadline deadline) {
    const auto agent = find_agent(facts, deadline);
    if (!agent || agent->state == 'Z') return no_process(facts, agent, deadline);
    const Descriptors descriptors = descriptors_of(facts, agent->pid);
    std::vector<Sign> signs;
    if (auto found = hung(*agent)) signs.push_back(std::move(*found));
    if (auto found = too_many_files(*agent, descriptors)) signs.push_back(std::move(*found));
    std::string summary = fmt::format("the agent is process {} (known by {}), state {}",
                                      agent->pid,
                                      agent->known_by,
                                      agent->state);
    if (!descriptors.is_known)
        return could_not_look(summary + "; its descriptors may not be read: are you root?",
                              fmt::format("sudo ls /proc/{}/fd | wc -l", agent->pid));
    const std::uint16_t port = backend_port(facts, deadline);
    summary += fmt::format(", {} of {} descriptors open, {} connections to port {} established",
                           descriptors.open,
                           descriptors.limit,
                           connections(facts, agent->pid, descriptors.sockets, port),
                           port);
    return finding_or_healthy(std::move(signs), std::move(summary));
}

} // namespace squall::host
