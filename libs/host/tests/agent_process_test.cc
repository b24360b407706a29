#include "fake_host.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;

// Process 42, with three sockets: established to port 443, to port 80, and listening.
void add_agent(FakeHost& host, char state = 'S', int limit = 1024) {
    host.file("/etc/ecs/ecs.config", "ECS_CLUSTER=web\n");
    host.file("/proc/42/stat", fmt::format("42 (agent) {} 1 42 42 0 -1\n", state));
    host.file(
        "/proc/42/limits",
        fmt::format("Limit Soft Hard Units\nMax open files            {}   4096  files\n", limit));
    host.link("/proc/42/fd/3", "socket:[7001]");
    host.link("/proc/42/fd/4", "socket:[7002]");
    host.link("/proc/42/fd/5", "socket:[7003]");
    const std::string row =
        "   {}: 0100000A:A1B2 {} {} 00000000:00000000 00:00000000 00000000     0  "
        "      0 {} 1 0 20 4 30 10 -1\n";
    host.file("/proc/42/net/tcp",
              "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
              "timeout inode\n"
                  + fmt::format(fmt::runtime(row), 0, "0200000A:01BB", "01", 7001)
                  + fmt::format(fmt::runtime(row), 1, "0200000A:0050", "01", 7002)
                  + fmt::format(fmt::runtime(row), 2, "0200000A:01BB", "0A", 7003)
                  // Somebody else's.
                  + fmt::format(fmt::runtime(row), 3, "0200000A:01BB", "01", 9999));
}

TEST(AgentProcess, IsFoundByItsNameAndItsConnectionsAreCounted) {
    FakeHost host;
    add_agent(host);
    const auto look = host.look("agent-process");
    EXPECT_EQ(look.state, State::healthy);
    EXPECT_EQ(look.summary,
              "the agent is process 42 (known by its command line), state S, 4 of 1024 descriptors "
              "open, 1 connections to port 443 established");
}

TEST(AgentProcess, IsCountedAtThePortOfItsOwnEndpoint) {
    FakeHost host;
    add_agent(host);
    host.file("/etc/ecs/ecs.config", "ECS_BACKEND_HOST=http://10.0.0.2\n");
    EXPECT_NE(host.look("agent-process").summary.find("1 connections to port 80"),
              std::string::npos);
}

TEST(AgentProcess, ThatIsStoppedHangs) {
    FakeHost host;
    add_agent(host, 'T');
    const auto look = host.look("agent-process");
    ASSERT_EQ(causes(look), Causes{"AGENT_HUNG"});
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::certain);
    EXPECT_EQ(look.signs.front().remedy, std::vector<std::string>{"sudo kill -CONT 42"});
}

TEST(AgentProcess, WithoutRoomForAnotherDescriptorIsExhausted) {
    FakeHost host;
    add_agent(host, 'S', 4);
    const auto look = host.look("agent-process");
    ASSERT_EQ(causes(look), Causes{"FD_EXHAUSTION"});
    EXPECT_EQ(look.signs.front().evidence.front().text, "4 of 4");
}

TEST(AgentProcess, ThatIsNotThereUnderAnActiveServiceIsInALoop) {
    FakeHost host;
    host.remove("/proc/42");
    EXPECT_EQ(causes(host.look("agent-process")), Causes{"AGENT_CRASHLOOP"});
    host.unit("ecs", "LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\n");
    EXPECT_EQ(host.look("agent-process").state, State::could_not_look);
}

TEST(AgentProcess, ThatHasEndedUnderASupervisorThatIsStoppedIsStartedByNobody) {
    FakeHost host;
    host.file("/proc/42/cmdline", "");
    host.file("/proc/42/stat", "42 (agent) Z 7 42 42 0 -1\n");
    host.docker["/containers/ecs-agent/json"] = {200, {}, R"({"State":{"Pid":42}})"};
    host.file("/proc/7/stat", "7 (amazon-ecs-init) S 1 7 7 0 -1\n");
    host.unit("ecs", "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=7\n");
    EXPECT_EQ(causes(host.look("agent-process")), Causes{"AGENT_CRASHLOOP"});
    host.file("/proc/7/stat", "7 (amazon-ecs-init) T 1 7 7 0 -1\n");
    const auto look = host.look("agent-process");
    ASSERT_EQ(causes(look), Causes{"AGENT_HUNG"});
    EXPECT_TRUE(look.signs.front().is_root);
    EXPECT_NE(look.summary.find("process 7 (amazon-ecs-init)"), std::string::npos) << look.summary;
    EXPECT_EQ(look.signs.front().remedy, std::vector<std::string>{"sudo kill -CONT 7"});
    // It is nobody's trouble while the agent runs.
    add_agent(host);
    host.file("/proc/42/cmdline", std::string("/agent\0-x\0", 10));
    EXPECT_EQ(host.look("agent-process").state, State::healthy);
}

TEST(AgentProcess, IsTheOneOfItsContainerWhereATaskHasOneToo) {
    FakeHost host;
    for (const char* pid : {"41", "44"}) {
        host.file(fmt::format("/proc/{}/cmdline", pid), std::string("/agent\0", 7));
        host.file(fmt::format("/proc/{}/stat", pid), fmt::format("{} (agent) S 1\n", pid));
        host.link(fmt::format("/proc/{}/fd/0", pid), "/dev/null");
    }
    host.docker["/containers/ecs-agent/json"] = {
        200, {}, R"({"State":{"Status":"running","Running":true,"Pid":44}})"};
    EXPECT_EQ(host.look("agent-process")
                  .summary.rfind("the agent is process 44 (known by the container ecs-agent)", 0),
              0U);
}

TEST(AgentProcess, OfThatNameAndNoAgentIsNotTaken) {
    FakeHost host;
    host.remove("/proc/42");
    host.file("/proc/43/cmdline", std::string("/usr/bin/ssh-agent\0-x\0", 22));
    host.file("/proc/43/stat", "43 (agent) S 1\n");
    host.unit("ecs", "LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\n");
    EXPECT_EQ(host.look("agent-process").state, State::could_not_look);
}

} // namespace
} // namespace squall::host
