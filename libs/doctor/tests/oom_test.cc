// Whom the kernel killed for memory: the agent, or a process of a task that is called alike.
#include "corpus.h"
#include "squall/doctor/oom_episode.h"

namespace squall::doctor {
namespace {

constexpr std::string_view up =
    "level=info time=2026-03-11T08:00:05Z msg=\"Connected to ACS endpoint\"";

// As rsyslog and as journalctl -o json write the kernel's lines.
std::vector<std::string> logs_of(const std::vector<std::string>& kernel) {
    std::string plain = "Mar 11 08:00:05 h docker[9]: " + std::string(up) + "\n";
    std::string json = std::string(up) + "\n";
    for (const std::string& line : kernel) {
        plain += "Mar 11 08:20:00 h kernel: [88.1] " + line + "\n";
        plain += "Mar 11 08:20:00 h nginx[7]: in between\n";
        json += R"({"SYSLOG_IDENTIFIER":"kernel","MESSAGE":")" + line + "\"}\n";
    }
    return {plain, json};
}

std::string oom_kill(std::string_view constraint, std::string_view cgroup, std::string_view name) {
    return fmt::format("oom-kill:constraint={},nodemask=(null),cpuset=abc,mems_allowed=0,"
                       "oom_memcg={},task_memcg={}/abc,task={},pid=4567,uid=100",
                       constraint,
                       cgroup,
                       cgroup,
                       name);
}

const std::string cgroup_kill =
    "Memory cgroup out of memory: Killed process 4567 (agent) total-vm:1kB, anon-rss:1kB";
const std::string host_kill = "Out of memory: Killed process 4567 (agent) total-vm:1kB";

void expect(const std::vector<std::string>& kernel, const std::string& answer) {
    for (const std::string& log : logs_of(kernel)) {
        const auto diagnosis = diagnosed(log, "messages");
        std::string found = told(diagnosis);
        if (!diagnosis.findings.empty())
            found += fmt::format(" {}", name_of(diagnosis.findings.front().certainty));
        EXPECT_EQ(found, answer) << log;
    }
}

TEST(Oom, OfATasksProcessIsNotTheAgents) {
    for (const char* cgroup :
         {"/ecs/0f0f", "/ecstasks.slice/ecstasks-0f0f.slice", "/docker/1/ecs/0f0f"}) {
        for (const char* constraint : {"CONSTRAINT_MEMCG", "CONSTRAINT_NONE"}) {
            const std::string line = oom_kill(constraint, cgroup, "agent");
            expect({line}, "healthy: ");
            expect({"agent invoked oom-killer: gfp_mask=0xcc0", line, cgroup_kill}, "healthy: ");
            expect({line, host_kill}, "healthy: ");
        }
        expect({fmt::format("Task in {}/abc killed as a result of limit of {}", cgroup, cgroup),
                "memory: usage 1kB, limit 1kB, failcnt 9",
                "Memory cgroup out of memory: Kill process 4567 (agent) score 901",
                "Killed process 4567 (agent) total-vm:1kB"},
               "healthy: ");
    }
    expect({oom_kill("CONSTRAINT_NONE", "/ecs/0f0f", "dockerd")}, "healthy: ");
}

TEST(Oom, OfACgroupThatNobodyNamesIsPossible) {
    expect({cgroup_kill}, "finding: OOM possible");
    expect({oom_kill("CONSTRAINT_MEMCG", "/docker/0f0f", "agent"), cgroup_kill},
           "finding: OOM possible");
    // What was said of another one.
    expect({oom_kill("CONSTRAINT_MEMCG", "/ecs/0f0f", "java"),
            "Memory cgroup out of memory: Killed process 4568 (java) total-vm:1kB",
            cgroup_kill},
           "finding: OOM possible");
}

TEST(Oom, OfTheHostAndOfTheUnitsAreCertain) {
    expect({host_kill}, "finding: OOM certain");
    expect({oom_kill("CONSTRAINT_NONE", "/docker/0f0f", "agent"), host_kill},
           "finding: OOM certain");
    expect({oom_kill("CONSTRAINT_NONE", "/system.slice/docker.service", "dockerd")},
           "finding: OOM certain");
    expect({oom_kill("CONSTRAINT_MEMCG", "/system.slice/docker.service", "dockerd")},
           "finding: OOM certain");
    expect({oom_kill("CONSTRAINT_MEMCG", "/system.slice/ecs.service", "amazon-ecs-init")},
           "finding: OOM certain");
    expect({oom_kill("CONSTRAINT_NONE", "/ecs/0f0f", "java"),
            "Out of memory: Killed process 1 (java) total-vm:1kB",
            host_kill},
           "finding: OOM certain");
}

TEST(Oom, EpisodeIsOverWhenAnotherOneBegins) {
    OomEpisode episode;
    episode.read(oom_kill("CONSTRAINT_MEMCG", "/ecs/0f0f", "agent"));
    episode.read(cgroup_kill);
    EXPECT_TRUE(episode.is_of_task());
    EXPECT_TRUE(episode.is_of_limit());
    episode.read("java invoked oom-killer: gfp_mask=0xcc0");
    EXPECT_FALSE(episode.is_of_task());
    EXPECT_FALSE(episode.is_of_limit());
    episode.read(host_kill);
    EXPECT_FALSE(episode.is_of_limit());
}

} // namespace
} // namespace squall::doctor
