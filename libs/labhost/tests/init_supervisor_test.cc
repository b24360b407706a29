#include "init_fakes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::labhost::init {
namespace {

using Lines = std::vector<std::string>;

const std::string docker = "[Unit]\nDescription=Docker\n"
                           "[Service]\nRestart=always\nRestartSec=2s\nExecStart=/daemon docker\n";
const std::string ecs =
    "[Unit]\nDescription=The agent\nPartOf=docker.service\nAfter=docker.service\n"
    "Wants=docker.service\n"
    "[Service]\nRestart=on-failure\nRestartSec=10s\nRestartPreventExitStatus=5\n"
    "ExecStartPre=/true pre\nExecStart=/daemon agent\nExecStopPost=/true post\n";

class Agents : public testing::Test {
protected:
    Agents() {
        host.add("docker.service", docker);
        host.add("ecs.service", ecs);
    }

    FakeHost host;
};

TEST_F(Agents, StartInTheirOrderAndStopTheOtherWayRound) {
    host.units.wanted = {"docker.service", "ecs.service"};
    host.supervisor.start_enabled(host.now());
    host.run();
    EXPECT_EQ(
        host.started(),
        (Lines{"ExecStart /daemon docker", "ExecStartPre /true pre", "ExecStart /daemon agent"}));
    host.machine.journal.clear();
    host.supervisor.begin_shutdown(host.now());
    host.run();
    EXPECT_TRUE(host.supervisor.is_idle());
    EXPECT_EQ(host.machine.journal,
              (Lines{"Stopping The agent...",
                     "ecs.service: Deactivated successfully.",
                     "Stopped The agent.",
                     "Stopping Docker...",
                     "docker.service: Deactivated successfully.",
                     "Stopped Docker."}));
}

TEST_F(Agents, AreRestartedTogetherWhenDockerIs) {
    (void)host.ask(Verb::start, "ecs.service");
    host.machine.history.clear();
    EXPECT_EQ(host.ask(Verb::restart, "docker.service"), "done");
    EXPECT_EQ(host.started(),
              (Lines{"ExecStopPost /true post",
                     "ExecStart /daemon docker",
                     "ExecStartPre /true pre",
                     "ExecStart /daemon agent"}));
    EXPECT_EQ(host.state("ecs.service"), "active (running)");
    EXPECT_EQ(host.service("ecs.service").restarts(), 0);
}

TEST_F(Agents, AreRestartedTooWhenDockerComesBackFromACrash) {
    (void)host.ask(Verb::start, "ecs.service");
    const pid_t before = host.service("ecs.service").main_pid();
    host.crash("docker.service");
    EXPECT_EQ(host.service("ecs.service").main_pid(), before) << "a crash alone stops nobody else";
    host.pass(Seconds(2));
    EXPECT_EQ(host.state("docker.service"), "active (running)");
    EXPECT_EQ(host.state("ecs.service"), "active (running)");
    EXPECT_NE(host.service("ecs.service").main_pid(), before);
}

TEST_F(Agents, StopWithDockerButDoNotStartWithIt) {
    (void)host.ask(Verb::start, "ecs.service");
    EXPECT_EQ(host.ask(Verb::stop, "docker.service"), "done");
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
    EXPECT_EQ(host.ask(Verb::start, "docker.service"), "done");
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
    EXPECT_EQ(host.ask(Verb::restart, "docker.service"), "done");
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
}

TEST_F(Agents, StayDownAfterAStopDuringTheRestartDelay) {
    (void)host.ask(Verb::start, "ecs.service");
    host.crash("ecs.service");
    EXPECT_EQ(host.ask(Verb::stop, "ecs.service"), "done");
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
    host.pass(Seconds(60));
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
}

TEST_F(Agents, WaitForTheRestartWhenStartedDuringItsDelay) {
    (void)host.ask(Verb::start, "ecs.service");
    host.crash("ecs.service");
    EXPECT_EQ(host.ask(Verb::start, "ecs.service"), "pending");
    host.pass(Seconds(10));
    EXPECT_EQ(host.last_result("ecs.service"), "done");
    EXPECT_EQ(host.state("ecs.service"), "active (running)");
}

TEST_F(Agents, DoNotComeBackWhenTheyDieWhileTheirStopWaitsForItsTurn) {
    host.add("ecs.service", ecs + "ExecStop=/sleep 5\n");
    (void)host.ask(Verb::start, "ecs.service");
    EXPECT_EQ(host.ask(Verb::stop, "docker.service"), "pending");
    host.crash("docker.service");
    EXPECT_EQ(host.last_result("docker.service"), "done");
    host.pass(Seconds(60));
    EXPECT_EQ(host.state("docker.service"), "failed (failed)");
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
}

TEST(Supervisor, FailsAStartWhoseRequirementFails) {
    FakeHost host;
    host.add("bad.service", "[Service]\nExecStartPre=/false\nExecStart=/daemon\n");
    host.add("a.service",
             "[Unit]\nRequires=bad.service\nAfter=bad.service\n[Service]\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "dependency");
    EXPECT_EQ(host.state("a.service"), "inactive (dead)");
    EXPECT_TRUE(host.has_logged("Dependency failed for a.service."));
    EXPECT_TRUE(host.has_logged("a.service: Job a.service/start failed with result 'dependency'."));
}

TEST(Supervisor, StartsInSpiteOfAWantThatFailsOrIsNotThere) {
    FakeHost host;
    host.add("bad.service", "[Service]\nExecStartPre=/false\nExecStart=/daemon\n");
    host.add("a.service",
             "[Unit]\nWants=bad.service nope.service network-online.target\nAfter=bad.service\n"
             "[Service]\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "done");
    EXPECT_EQ(host.state("bad.service"), "failed (failed)");
}

TEST(Supervisor, NamesTheUnitThatIsNotThere) {
    FakeHost host;
    host.add("a.service", "[Unit]\nRequires=nope.service\n[Service]\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "Unit nope.service not found.");
    EXPECT_EQ(host.ask(Verb::start, "other.service"), "Unit other.service not found.");
    EXPECT_EQ(host.ask(Verb::stop, "other.service"), "Unit other.service not loaded.");
    EXPECT_EQ(host.ask(Verb::start, "a b.service"), "Unit name a b.service is not valid.");
    EXPECT_TRUE(host.started().empty());
}

TEST(Supervisor, RefusesAUnitWithABadSettingAndTakesItWhenItIsMended) {
    FakeHost host;
    host.add("a.service", "[Service]\nType=forking\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "Unit a.service has a bad unit file setting.");
    host.add("a.service", "[Service]\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "done");
}

TEST(Supervisor, StopsWhatIsBoundToAUnitThatEndsByItself) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/daemon\n");
    host.add("bound.service",
             "[Unit]\nBindsTo=a.service\nAfter=a.service\n[Service]\nExecStart=/daemon\n");
    host.add("needs.service", "[Unit]\nRequires=a.service\n[Service]\nExecStart=/daemon\n");
    (void)host.ask(Verb::start, "bound.service");
    (void)host.ask(Verb::start, "needs.service");
    host.crash("a.service");
    host.run();
    EXPECT_EQ(host.state("bound.service"), "inactive (dead)");
    EXPECT_EQ(host.state("needs.service"), "active (running)");
}

TEST(Supervisor, CancelsAStartThatAStopOverrules) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStartPre=/sleep 5\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "pending");
    std::string stopped = "pending";
    ASSERT_TRUE(host.supervisor.request(Verb::stop, "a.service", host.now(), [&](JobResult result) {
        stopped = std::string(text_of(result));
    }));
    EXPECT_EQ(host.last_result("a.service"), "canceled");
    host.run();
    EXPECT_EQ(stopped, "done");
    EXPECT_EQ(host.state("a.service"), "failed (failed)")
        << "a pre command that SIGTERM ended did not succeed";
}

TEST(Supervisor, StartsAgainAfterAStopThatIsUnderWay) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/daemon\nExecStop=/sleep 2\n");
    (void)host.ask(Verb::start, "a.service");
    EXPECT_EQ(host.ask(Verb::stop, "a.service"), "pending");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "pending");
    host.pass(Seconds(2));
    EXPECT_EQ(host.last_result("a.service"), "done");
    EXPECT_EQ(host.state("a.service"), "active (running)");
}

TEST(Supervisor, JoinsRequestsForTheSame) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStartPre=/sleep 2\nExecStart=/daemon\n");
    int ended = 0;
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(host.supervisor.request(
            Verb::start, "a.service", host.now(), [&](JobResult) { ++ended; }));
    host.pass(Seconds(2));
    EXPECT_EQ(ended, 3);
    EXPECT_EQ(host.started().size(), 2U);
}

TEST(Supervisor, LeavesAStoppedUnitAloneOnTryRestart) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::try_restart, "a.service"), "done");
    EXPECT_TRUE(host.started().empty());
    (void)host.ask(Verb::start, "a.service");
    EXPECT_EQ(host.ask(Verb::try_restart, "a.service"), "done");
    EXPECT_EQ(host.started().size(), 2U);
}

TEST(Supervisor, DropsAnOrderThatCannotBeKept) {
    FakeHost host;
    host.add("a.service",
             "[Unit]\nAfter=b.service\nWants=b.service\n[Service]\nExecStart=/daemon a\n");
    host.add("b.service", "[Unit]\nAfter=a.service\n[Service]\nExecStart=/daemon b\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "done");
    EXPECT_EQ(host.state("b.service"), "active (running)");
}

TEST(Supervisor, HonoursBeforeToo) {
    FakeHost host;
    host.add("a.service", "[Unit]\nBefore=b.service\n[Service]\nExecStart=/daemon a\n");
    host.add("b.service", "[Unit]\nWants=a.service\n[Service]\nExecStart=/daemon b\n");
    (void)host.ask(Verb::start, "b.service");
    EXPECT_EQ(host.started(), (Lines{"ExecStart /daemon a", "ExecStart /daemon b"}));
}

TEST(Supervisor, StartsNothingWhileItShutsDown) {
    FakeHost host;
    host.add("a.service", "[Service]\nRestart=always\nTimeoutStopSec=5\nExecStart=/stubborn\n");
    (void)host.ask(Verb::start, "a.service");
    host.supervisor.begin_shutdown(host.now());
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "The system is shutting down.");
    EXPECT_FALSE(host.supervisor.is_idle());
    host.pass(Seconds(5));
    EXPECT_TRUE(host.supervisor.is_idle());
}

TEST(Supervisor, EndsAServiceThatWaitsForItsRestartWhenItShutsDown) {
    FakeHost host;
    host.add("a.service", "[Service]\nRestart=always\nRestartSec=60\nExecStart=/true\n");
    (void)host.ask(Verb::start, "a.service");
    ASSERT_EQ(host.state("a.service"), "activating (auto-restart)");
    host.supervisor.begin_shutdown(host.now());
    EXPECT_TRUE(host.supervisor.is_idle());
}

TEST(Supervisor, ReadsFilesAgainOnReload) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/daemon old\n");
    (void)host.ask(Verb::start, "a.service");
    host.add("a.service", "[Service]\nExecStart=/daemon new\n");
    (void)host.ask(Verb::restart, "a.service");
    EXPECT_EQ(host.started().back(), "ExecStart /daemon old");
    host.supervisor.reload(host.now());
    EXPECT_EQ(host.state("a.service"), "active (running)");
    (void)host.ask(Verb::restart, "a.service");
    EXPECT_EQ(host.started().back(), "ExecStart /daemon new");
    host.units.texts.erase("a.service");
    host.supervisor.reload(host.now());
    EXPECT_TRUE(host.unit("a.service").is_gone());
    EXPECT_EQ(host.ask(Verb::stop, "a.service"), "done");
}

TEST(Supervisor, SignalsWhomItIsTold) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/parent\n");
    (void)host.ask(Verb::start, "a.service");
    EXPECT_FALSE(host.supervisor.kill("a.service", Whom::control, SIGHUP, host.now()));
    ASSERT_TRUE(host.supervisor.kill("a.service", Whom::main, SIGUSR1, host.now()));
    host.run();
    EXPECT_EQ(host.service("a.service").result(), ServiceResult::signal);
    EXPECT_TRUE(host.machine.processes().empty()) << "the rest of a failed service is ended too";
    EXPECT_FALSE(host.supervisor.kill("nope.service", Whom::all, SIGHUP, host.now()));
}

TEST(Supervisor, LoadsNoMoreThanSoManyUnits) {
    FakeHost host;
    for (std::size_t i = 0; i <= units_max; ++i) {
        const std::string name = fmt::format("u{}.service", i);
        host.add(name, "[Service]\nExecStart=/true\n");
        const std::string result = host.ask(Verb::start, name);
        const std::string refused =
            fmt::format("Too many units are loaded: {} is the most.", units_max);
        ASSERT_EQ(result, i < units_max ? "done" : refused);
    }
}

} // namespace
} // namespace squall::labhost::init
