#include "fake_host.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;

std::string
unit_in(const std::string& state, const std::string& sub, const std::string& more = "") {
    return fmt::format("LoadState=loaded\nActiveState={}\nSubState={}\n{}", state, sub, more);
}

const std::string clean_end = "Result=success\nExecMainStatus=0\nInactiveEnterTimestamp=Sun "
                              "2026-11-22 10:10:00 UTC\nInactiveEnterTimestampMonotonic=60000000\n";

TEST(EcsService, ThatWasStoppedIsNotStartedByItself) {
    FakeHost host;
    host.unit("ecs", unit_in("inactive", "dead", clean_end));
    const auto look = host.look("ecs-service");
    ASSERT_EQ(causes(look), Causes{"AGENT_STOPPED"});
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::certain);
    EXPECT_EQ(look.signs.front().remedy, std::vector<std::string>{"sudo systemctl start ecs"});
    EXPECT_EQ(look.signs.front().evidence.front().file, "systemctl show ecs.service");
    EXPECT_EQ(
        look.signs.front().evidence.front().text,
        "inactive (dead), Result=success, ExecMainStatus=0, since Sun 2026-11-22 10:10:00 UTC");
}

TEST(EcsService, ThatARunHasStoppedNamesTheRun) {
    FakeHost host;
    host.unit("ecs", unit_in("inactive", "dead", clean_end));
    host.file("/var/run/squall/ecs-agent-stop/run", "quick-otter-7\n");
    host.file("/var/run/squall/ecs-agent-stop/until", "1795341600\n");
    const auto look = host.look("ecs-service");
    ASSERT_EQ(causes(look), Causes{"AGENT_STOPPED"});
    EXPECT_EQ(look.summary,
              "the agent was stopped by squall run quick-otter-7 (ecs-agent-stop), which ends at "
              "2026-11-22T10:00:00Z: it is started again then");
    EXPECT_EQ(host.look("run-marks").state, State::finding);
}

TEST(EcsService, ThatEndedWithDockerSaysSo) {
    FakeHost host;
    host.unit("ecs", unit_in("inactive", "dead", clean_end));
    host.unit("docker", unit_in("active", "running", "InactiveEnterTimestampMonotonic=61000000\n"));
    EXPECT_NE(host.look("ecs-service").summary.find("together with docker"), std::string::npos);
}

TEST(EcsService, ThatGaveUpForGoodIsTerminal) {
    FakeHost host;
    host.unit("ecs", unit_in("failed", "failed", "Result=exit-code\nExecMainStatus=5\n"));
    EXPECT_EQ(causes(host.look("ecs-service")), Causes{"AGENT_TERMINAL"});
}

TEST(EcsService, ThatIsRestartedAgainAndAgainIsInALoop) {
    FakeHost host;
    host.unit("ecs",
              unit_in("activating",
                      "auto-restart",
                      "Result=exit-code\nExecMainStatus=255\nNRestarts=12\n"));
    const auto look = host.look("ecs-service");
    ASSERT_EQ(causes(look), Causes{"AGENT_CRASHLOOP"});
    EXPECT_NE(look.summary.find("12 restarts"), std::string::npos);
}

TEST(EcsService, WhoseProgramIsNotThereSaysWhichOne) {
    FakeHost host;
    host.unit("ecs",
              unit_in("activating",
                      "auto-restart",
                      "Result=exit-code\nExecMainStatus=203\nNRestarts=12\nExecStart={ "
                      "path=/usr/libexec/amazon-ecs-init ; argv[]=/usr/libexec/amazon-ecs-init "
                      "start ; ignore_errors=no }\n"));
    const auto missing = host.look("ecs-service");
    ASSERT_EQ(causes(missing), Causes{"AGENT_CRASHLOOP"});
    EXPECT_EQ(
        missing.summary,
        "the ecs service cannot start: its program /usr/libexec/amazon-ecs-init is not there");
    EXPECT_TRUE(missing.signs.front().is_root);
    host.file("/usr/libexec/amazon-ecs-init", "#!/bin/sh\n");
    std::filesystem::permissions(host.path("/usr/libexec/amazon-ecs-init"),
                                 std::filesystem::perms::owner_read);
    const auto closed = host.look("ecs-service");
    ASSERT_EQ(causes(closed), Causes{"AGENT_CRASHLOOP"});
    EXPECT_EQ(closed.signs.front().remedy.front(), "sudo chmod 755 /usr/libexec/amazon-ecs-init");
    std::filesystem::permissions(host.path("/usr/libexec/amazon-ecs-init"),
                                 std::filesystem::perms::owner_all);
    EXPECT_NE(host.look("ecs-service").summary.find("12 restarts"), std::string::npos);
}

TEST(EcsService, ThatCannotStartWithoutDockerBlamesDocker) {
    FakeHost host;
    host.unit("ecs", unit_in("activating", "auto-restart", "Result=exit-code\nExecMainStatus=0\n"));
    host.unit("docker", unit_in("failed", "failed", "Result=exit-code\nExecMainStatus=1\n"));
    const auto look = host.look("ecs-service");
    ASSERT_EQ(causes(look), Causes{"DOCKER_DOWN"});
    EXPECT_EQ(look.signs.front().evidence.size(), 2U);
    EXPECT_EQ(causes(host.look("docker-service")), Causes{"DOCKER_DOWN"});
}

TEST(EcsService, WhoseStartWaitsForCloudInitIsADeadlock) {
    FakeHost host;
    host.unit("ecs", unit_in("inactive", "dead", "Result=success\nExecMainStatus=0\nJob=412\n"));
    host.unit("cloud-final", unit_in("activating", "start"));
    EXPECT_EQ(causes(host.look("ecs-service")), Causes{"CLOUD_INIT_DEADLOCK"});
    // Nobody waits for one that is over.
    host.unit("cloud-final", unit_in("active", "exited"));
    EXPECT_EQ(causes(host.look("ecs-service")), Causes{"AGENT_STOPPED"});
}

TEST(EcsService, OnAmazonLinuxOneIsAskedOfUpstart) {
    FakeHost host;
    host.remove("/run/systemd");
    host.file("/sbin/initctl", "");
    host.answers("/sbin/initctl status ecs", "ecs stop/waiting\n");
    host.answers("/sbin/initctl status docker", "docker start/running, process 2044\n");
    const auto look = host.look("ecs-service");
    ASSERT_EQ(causes(look), Causes{"AGENT_STOPPED"});
    EXPECT_EQ(look.signs.front().remedy, std::vector<std::string>{"sudo start ecs"});
    EXPECT_EQ(host.look("docker-service").state, State::healthy);
}

TEST(EcsService, ThatIsNotInstalledIsNotHere) {
    FakeHost host;
    host.unit("ecs", "LoadState=not-found\nActiveState=inactive\nSubState=dead\n");
    host.unit("amazon-ecs", "LoadState=not-found\nActiveState=inactive\nSubState=dead\n");
    EXPECT_EQ(host.look("ecs-service").state, State::not_here);
}

TEST(EcsService, WhoseUnitIsGoneOrMaskedCannotStartTheAgent) {
    FakeHost host;
    host.unit("amazon-ecs", "LoadState=not-found\nActiveState=inactive\nSubState=dead\n");
    host.unit("ecs", "LoadState=masked\nActiveState=inactive\nSubState=dead\n");
    EXPECT_EQ(host.look("ecs-service").state, State::not_here) << "an agent runs all the same";
    host.remove("/proc/42");
    host.docker["/containers/ecs-agent/json"] = {404, {}, "{}"};
    const auto masked = host.look("ecs-service");
    ASSERT_EQ(causes(masked), Causes{"AGENT_STOPPED"});
    EXPECT_EQ(masked.signs.front().remedy.front(),
              "sudo systemctl unmask ecs && sudo systemctl enable --now --no-block ecs");
    EXPECT_EQ(masked.signs.front().instead_of, doctor::Sign::all_steps);
    host.unit("ecs", "LoadState=not-found\nActiveState=inactive\nSubState=dead\n");
    const auto gone = host.look("ecs-service");
    ASSERT_EQ(causes(gone), Causes{"AGENT_STOPPED"});
    EXPECT_EQ(gone.signs.front().certainty, doctor::Certainty::likely);
    EXPECT_NE(gone.signs.front().remedy.front().find("reinstall"), std::string::npos);
    host.remove("/etc/ecs");
    EXPECT_EQ(host.look("ecs-service").state, State::not_here);
}

TEST(RunMarks, OfAFaultThatLeavesTheAgentAloneAreNoFinding) {
    FakeHost host;
    host.file("/var/run/squall/ecs-container-http-latency/run", "slow-owl-1\n");
    // What is being made, and tombstones, hold nothing.
    host.file("/var/run/squall/ecs-agent-stop.slow-owl-1.new.12/run", "slow-owl-1\n");
    host.file("/var/run/squall/over/old-run", "");
    const auto look = host.look("run-marks");
    EXPECT_EQ(look.state, State::healthy);
    EXPECT_EQ(look.summary,
              "held by squall run slow-owl-1 (ecs-container-http-latency), which leaves the agent "
              "alone");
}

} // namespace
} // namespace squall::host
