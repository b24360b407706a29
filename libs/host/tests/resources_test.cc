#include "fake_host.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;

TEST(Memory, ThatIsNearlyGoneIsTold) {
    FakeHost host;
    EXPECT_EQ(
        host.look("memory").summary,
        "1000 MiB of 2.0 GiB available; ECS_RESERVED_MEMORY is not set: tasks may take all of "
        "it");
    host.file("/proc/meminfo", "MemTotal: 2048000 kB\nMemAvailable: 20000 kB\n");
    host.file("/proc/pressure/memory",
              "some avg10=1.00 avg60=1.00 avg300=0.00 total=1\nfull avg10=9.00 avg60=31.40 "
              "avg300=0.00 total=1\n");
    const auto look = host.look("memory");
    ASSERT_EQ(causes(look), Causes{"OOM"});
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::possible);
    EXPECT_EQ(look.signs.front().evidence.front().text,
              "20 MiB of 2.0 GiB available, 31 % of the last minute everything waited for memory");
}

TEST(Load, ThatIsMuchMoreThanThereAreProcessors) {
    FakeHost host;
    host.file("/proc/stat", "cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 5 0 5 50\ncpu1 5 0 5 50\n");
    host.file("/proc/loadavg", "1.50 1.00 1.00 2/300 4000\n");
    const auto look = host.look("load");
    EXPECT_EQ(look.state, State::healthy);
    EXPECT_EQ(look.summary, "load 1.5 on 2 processors, 0 % stolen");
    host.file("/proc/loadavg", "40.50 30.00 20.00 9/300 4000\n");
    EXPECT_EQ(causes(host.look("load")), Causes{"ACS_INACTIVITY"});
}

TEST(Descriptors, OfTheWholeHostThatAreUsedUp) {
    FakeHost host;
    EXPECT_EQ(host.look("descriptors").summary, "680 of 2466170 files open");
    host.file("/proc/sys/fs/file-nr", "99000\t0\t100000\n");
    EXPECT_EQ(causes(host.look("descriptors")), Causes{"FD_EXHAUSTION"});
}

// The host is up for 4000 s.
TEST(Kernel, ThatKilledTheAgentLatelyIsTheCause) {
    FakeHost host;
    host.answers("dmesg",
                 "[ 3880.500000] Out of memory: Killed process 4711 (agent) total-vm:800000kB\n");
    const auto look = host.look("kernel");
    ASSERT_EQ(causes(look), Causes{"OOM"});
    EXPECT_EQ(look.summary, "the kernel was out of memory, and killed agent 1m59s ago");
}

TEST(Kernel, ThatKilledSomebodyElseOrLongAgoIsNot) {
    FakeHost host;
    host.answers(
        "dmesg",
        "[  300.000000] Out of memory: Killed process 12 (dockerd) total-vm:1kB\n"
        "[ 3900.000000] Memory cgroup out of memory: Killed process 13 (java) total-vm:1kB\n"
        "garbage\n[ 3901.0\n");
    const auto look = host.look("kernel");
    EXPECT_EQ(look.state, State::healthy);
    EXPECT_EQ(look.summary,
              "it has killed 1 processes of tasks within the last hour, and neither the agent nor "
              "Docker");
}

TEST(Kernel, ThatKilledATasksProcessOfTheAgentsNameIsNot) {
    FakeHost host;
    host.answers(
        "dmesg",
        "[ 3900.000000] oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/ecs/0f,"
        "task_memcg=/ecs/0f/1,task=agent,pid=13,uid=0\n"
        "[ 3900.000000] Memory cgroup out of memory: Killed process 13 (agent) total-vm\n");
    EXPECT_EQ(host.look("kernel").state, State::healthy);
    host.answers(
        "dmesg",
        "[ 3900.000000] Memory cgroup out of memory: Killed process 13 (agent) total-vm\n");
    const auto look = host.look("kernel");
    ASSERT_EQ(causes(look), Causes{"OOM"});
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::possible);
}

TEST(Kernel, WhoseLogMayNotBeReadIsSaid) {
    FakeHost host;
    host.answers("dmesg", "", 1);
    EXPECT_EQ(host.look("kernel").state, State::could_not_look);
}

} // namespace
} // namespace squall::host
