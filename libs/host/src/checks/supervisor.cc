#include "checks/supervisor.h"

namespace squall::host {

bool is_stopped(char state) { return state == 'T' || state == 't'; }

Sign stopped_supervisor(std::int64_t pid, const std::string& name, Evidence seen) {
    auto stopped = sign("AGENT_HUNG",
                        Certainty::certain,
                        fmt::format("no agent runs, and process {} ({}), the main process of the "
                                    "ecs service, which would start it again, is stopped: somebody "
                                    "has sent it SIGSTOP, or debugs it",
                                    pid,
                                    name.empty() ? "?" : name),
                        {std::move(seen)},
                        {fmt::format("sudo kill -CONT {}", pid)});
    stopped.is_root = true;
    stopped.instead_of = 1;
    return stopped;
}

} // namespace squall::host
