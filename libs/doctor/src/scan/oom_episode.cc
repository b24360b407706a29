#include "squall/doctor/oom_episode.h"

namespace squall::doctor {
namespace {

bool has(std::string_view line, std::string_view part) {
    return line.find(part) != std::string_view::npos;
}

// Behind a name: "/ecs/TASK/CONTAINER", or "/ecstasks.slice/…" where systemd makes cgroups.
bool names_task(std::string_view line, std::string_view name) {
    const auto at = line.find(name);
    if (at == std::string_view::npos) return false;
    std::string_view cgroup = line.substr(at + name.size());
    cgroup = cgroup.substr(0, cgroup.find_first_of(", \"\\\n"));
    return has(cgroup, "/ecs/") || has(cgroup, "/ecstasks");
}

} // namespace

bool is_oom_kill(std::string_view line) { return has(line, "ut of memory: Kill"); }

void OomEpisode::read(std::string_view line) {
    // "oom-kill:constraint=…,task_memcg=…"; before Linux 4.19 "Task in /… killed as a result of
    // limit of /…".
    const bool is_told = has(line, "oom-kill:") || has(line, "Task in /");
    const bool is_kill = is_oom_kill(line);
    if (has(line, "invoked oom-killer") || ((is_told || is_kill) && has_kill_)) *this = {};
    if (is_told) {
        is_of_task_ = names_task(line, "task_memcg=") || names_task(line, "Task in ");
        is_of_limit_ = has(line, "CONSTRAINT_MEMCG") || has(line, "as a result of limit");
    }
    if (!is_kill) return;
    has_kill_ = true;
    if (has(line, "Memory cgroup")) is_of_limit_ = true;
}

} // namespace squall::doctor
