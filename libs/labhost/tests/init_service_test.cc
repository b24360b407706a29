#include "init_fakes.h"

#include <gtest/gtest.h>

namespace squall::labhost::init {
namespace {

using Lines = std::vector<std::string>;

// The unit this all is for, as ecs.service is on an Amazon Linux 2023 container instance.
const std::string ecs =
    "[Unit]\nDescription=The agent\nPartOf=docker.service\nAfter=docker.service\n"
    "[Service]\nRestart=on-failure\nRestartSec=10s\n"
    "RestartPreventExitStatus=5\n"
    "ExecStartPre=/true pre\nExecStart=/daemon\nExecStopPost=/true post\n";

TEST(Service, ComesBackAfterItsDelayWhenItsMainProcessIsKilled) {
    FakeHost host;
    host.add("ecs.service", ecs);
    ASSERT_EQ(host.ask(Verb::start, "ecs"), "Unit name ecs is not valid.");
    ASSERT_EQ(host.ask(Verb::start, "ecs.service"), "done");
    host.crash("ecs.service");
    EXPECT_EQ(host.state("ecs.service"), "activating (auto-restart)");
    EXPECT_EQ(host.service("ecs.service").result(), ServiceResult::signal);
    EXPECT_EQ(host.started(),
              (Lines{"ExecStartPre /true pre", "ExecStart /daemon", "ExecStopPost /true post"}));
    host.pass(Millis(9999));
    EXPECT_EQ(host.state("ecs.service"), "activating (auto-restart)");
    host.pass(Millis(1));
    EXPECT_EQ(host.state("ecs.service"), "active (running)");
    EXPECT_EQ(host.service("ecs.service").restarts(), 1);
    EXPECT_TRUE(host.has_logged("ecs.service: Scheduled restart job, restart counter is at 1."));
}

TEST(Service, StaysDownAfterAStopAndHasRunItsStopPost) {
    FakeHost host;
    host.add("ecs.service", ecs);
    (void)host.ask(Verb::start, "ecs.service");
    EXPECT_EQ(host.ask(Verb::stop, "ecs.service"), "done");
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
    EXPECT_EQ(host.started().back(), "ExecStopPost /true post");
    host.pass(Seconds(600));
    EXPECT_EQ(host.state("ecs.service"), "inactive (dead)");
    EXPECT_EQ(host.started().size(), 3U);
}

TEST(Service, IsNotRestartedAfterACleanExitNorAfterAPreventedOne) {
    for (const int code : {0, 5}) {
        FakeHost host;
        host.add("ecs.service", ecs);
        (void)host.ask(Verb::start, "ecs.service");
        host.crash("ecs.service", {ProcessExit::How::exited, code});
        host.pass(Seconds(60));
        EXPECT_EQ(host.state("ecs.service"), code == 0 ? "inactive (dead)" : "failed (failed)");
        EXPECT_EQ(host.started().back(), "ExecStopPost /true post");
    }
}

TEST(Service, TakesTheSignalsThatAskADaemonToEndForACleanExit) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) {
        FakeHost host;
        host.add("a.service", "[Service]\nRestart=on-failure\nExecStart=/daemon\n");
        (void)host.ask(Verb::start, "a.service");
        host.crash("a.service", {ProcessExit::How::killed, signal});
        EXPECT_EQ(host.state("a.service"), "inactive (dead)") << signal;
    }
}

TEST(Service, RestartsAsItsPolicySays) {
    struct Case {
        const char* policy;
        ProcessExit exit;
        bool comes_back;
    };

    const ProcessExit clean{ProcessExit::How::exited, 0};
    const ProcessExit unclean{ProcessExit::How::exited, 1};
    const ProcessExit killed{ProcessExit::How::killed, SIGSEGV};
    for (const Case& a : {Case{"no", killed, false},
                          {"always", clean, true},
                          {"always", killed, true},
                          {"on-success", clean, true},
                          {"on-success", unclean, false},
                          {"on-failure", unclean, true},
                          {"on-abnormal", unclean, false},
                          {"on-abnormal", killed, true}}) {
        FakeHost host;
        host.add("a.service", fmt::format("[Service]\nRestart={}\nExecStart=/daemon\n", a.policy));
        (void)host.ask(Verb::start, "a.service");
        host.crash("a.service", a.exit);
        host.pass(Seconds(1));
        EXPECT_EQ(host.service("a.service").main_pid() != 0, a.comes_back) << a.policy;
    }
}

TEST(Service, RunsStopPostWhenTheStartFailedAndReportsTheJobAsFailed) {
    FakeHost host;
    host.add("a.service",
             "[Service]\nExecStartPre=/exit 3\nExecStart=/daemon\nExecStopPost=/true\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "failed");
    EXPECT_EQ(host.state("a.service"), "failed (failed)");
    EXPECT_EQ(host.started(), (Lines{"ExecStartPre /exit 3", "ExecStopPost /true"}));
    EXPECT_TRUE(
        host.has_logged("a.service: Control process exited, code=exited, status=3/NOTIMPLEMENTED"));
    EXPECT_TRUE(host.has_logged("a.service: Failed with result 'exit-code'."));
    EXPECT_TRUE(host.has_logged("Failed to start a.service."));
}

TEST(Service, FailsTheStartJobButTriesAgainWhenAPreCommandFailsUnderOnFailure) {
    FakeHost host;
    host.add(
        "a.service",
        "[Service]\nRestart=on-failure\nRestartSec=3\nExecStartPre=/false\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "failed");
    EXPECT_EQ(host.state("a.service"), "activating (auto-restart)");
    host.pass(Seconds(3));
    EXPECT_EQ(host.started().size(), 2U);
}

TEST(Service, IgnoresTheFailureOfACommandWithADash) {
    FakeHost host;
    host.add("a.service",
             "[Service]\nExecStartPre=-/false\nExecStart=/daemon\nExecStopPost=-/false\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "done");
    EXPECT_EQ(host.ask(Verb::stop, "a.service"), "done");
    EXPECT_EQ(host.state("a.service"), "inactive (dead)");
}

TEST(Service, TellsStopCommandsWhatHappened) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/daemon\nExecStop=/true\nExecStopPost=/true\n");
    (void)host.ask(Verb::start, "a.service");
    const pid_t main = host.service("a.service").main_pid();
    (void)host.ask(Verb::stop, "a.service");
    ASSERT_EQ(host.machine.history.size(), 3U);
    EXPECT_EQ(host.machine.history[1].environment,
              (Lines{fmt::format("MAINPID={}", main), "SERVICE_RESULT=success"}));
    EXPECT_EQ(host.machine.history[2].environment,
              (Lines{"SERVICE_RESULT=success", "EXIT_CODE=killed", "EXIT_STATUS=TERM"}));
    (void)host.ask(Verb::start, "a.service");
    host.crash("a.service", {ProcessExit::How::exited, 7});
    EXPECT_EQ(host.machine.history.back().environment,
              (Lines{"SERVICE_RESULT=exit-code", "EXIT_CODE=exited", "EXIT_STATUS=7"}));
}

TEST(Service, IsKilledAfterItsStopTimeout) {
    FakeHost host;
    host.add("a.service", "[Service]\nTimeoutStopSec=2\nExecStart=/stubborn\nExecStopPost=/true\n");
    (void)host.ask(Verb::start, "a.service");
    EXPECT_EQ(host.ask(Verb::stop, "a.service"), "pending");
    EXPECT_EQ(host.state("a.service"), "deactivating (stop-sigterm)");
    host.pass(Millis(1999));
    EXPECT_EQ(host.last_result("a.service"), "pending");
    host.pass(Millis(1));
    EXPECT_EQ(host.last_result("a.service"), "done");
    EXPECT_EQ(host.state("a.service"), "failed (failed)");
    EXPECT_EQ(host.service("a.service").result(), ServiceResult::timeout);
    EXPECT_TRUE(host.has_logged("a.service: State 'stop-sigterm' timed out. Killing."));
}

TEST(Service, WaitsNinetySecondsByDefault) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/stubborn\n");
    (void)host.ask(Verb::start, "a.service");
    (void)host.ask(Verb::stop, "a.service");
    host.pass(Millis(89'999));
    EXPECT_EQ(host.state("a.service"), "deactivating (stop-sigterm)");
    host.pass(Millis(1));
    EXPECT_EQ(host.state("a.service"), "failed (failed)");
}

TEST(Service, ComesToRestEvenWhenAProcessCannotBeKilled) {
    FakeHost host;
    host.add("a.service", "[Service]\nTimeoutStopSec=1\nExecStart=/unkillable\n");
    (void)host.ask(Verb::start, "a.service");
    (void)host.ask(Verb::stop, "a.service");
    host.pass(Seconds(5));
    EXPECT_EQ(host.state("a.service"), "failed (failed)");
    EXPECT_TRUE(host.has_logged(
        "a.service: Processes still around after final SIGKILL. Entering failed mode."));
}

TEST(Service, GivesUpOnAStartThatTakesTooLong) {
    FakeHost host;
    host.add("a.service",
             "[Service]\nTimeoutStartSec=1\nExecStartPre=/sleep 50\nExecStart=/daemon\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "pending");
    host.pass(Seconds(1));
    EXPECT_EQ(host.last_result("a.service"), "failed");
    EXPECT_EQ(host.service("a.service").result(), ServiceResult::timeout);
    EXPECT_TRUE(host.has_logged("a.service: start-pre operation timed out. Terminating."));
}

TEST(Service, StopsStartingAfterFiveStartsInTenSeconds) {
    FakeHost host;
    host.add("a.service", "[Service]\nRestart=always\nExecStart=/true\n");
    (void)host.ask(Verb::start, "a.service");
    host.pass(Seconds(5));
    EXPECT_EQ(host.state("a.service"), "failed (failed)");
    EXPECT_EQ(host.service("a.service").result(), ServiceResult::start_limit_hit);
    EXPECT_EQ(host.service("a.service").restarts(), 5);
    EXPECT_EQ(host.started().size(), 5U);
    EXPECT_TRUE(host.has_logged("a.service: Start request repeated too quickly."));
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "failed");
    ASSERT_TRUE(host.supervisor.reset_failed("a.service", host.now()));
    EXPECT_EQ(host.state("a.service"), "inactive (dead)");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "done");
}

TEST(Service, KeepsTheFirstFailureAsItsResultWhenTheStartLimitEndsIt) {
    FakeHost host;
    host.add("a.service", "[Service]\nRestart=on-failure\nExecStart=/exit 7\n");
    (void)host.ask(Verb::start, "a.service");
    host.pass(Seconds(5));
    EXPECT_EQ(host.service("a.service").result(), ServiceResult::exit_code);
    host.pass(Seconds(10));
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "done") << "the window has passed";
}

TEST(Service, LetsNoProcessOfItsGroupEscape) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/parent\n");
    (void)host.ask(Verb::start, "a.service");
    ASSERT_EQ(host.machine.processes().size(), 2U);
    (void)host.ask(Verb::stop, "a.service");
    EXPECT_TRUE(host.machine.processes().empty());
    EXPECT_EQ(host.state("a.service"), "inactive (dead)");
}

TEST(Service, LeavesItsGroupAloneWithKillModeProcess) {
    FakeHost host;
    host.add("a.service", "[Service]\nKillMode=process\nExecStart=/parent\n");
    (void)host.ask(Verb::start, "a.service");
    EXPECT_EQ(host.ask(Verb::stop, "a.service"), "done");
    EXPECT_EQ(host.machine.processes().size(), 1U);
}

TEST(Service, KillsTheRestOfItsGroupAtTheEndWithKillModeMixed) {
    FakeHost host;
    host.add("a.service", "[Service]\nKillMode=mixed\nExecStart=/parent\n");
    (void)host.ask(Verb::start, "a.service");
    EXPECT_EQ(host.ask(Verb::stop, "a.service"), "done");
    EXPECT_TRUE(host.machine.processes().empty());
}

TEST(Service, RunsTheCommandsOfAOneshotOneAfterTheOther) {
    FakeHost host;
    host.add("a.service",
             "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/sleep 2\nExecStart=/true\n"
             "ExecStop=/true undo\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "pending");
    EXPECT_EQ(host.state("a.service"), "activating (start)");
    host.pass(Seconds(2));
    EXPECT_EQ(host.last_result("a.service"), "done");
    EXPECT_EQ(host.state("a.service"), "active (exited)");
    EXPECT_TRUE(host.has_logged("Finished a.service."));
    (void)host.ask(Verb::stop, "a.service");
    EXPECT_EQ(host.started(),
              (Lines{"ExecStart /sleep 2", "ExecStart /true", "ExecStop /true undo"}));
}

TEST(Service, EndsAOneshotAtTheFirstCommandThatFails) {
    FakeHost host;
    host.add("a.service", "[Service]\nType=oneshot\nExecStart=/false\nExecStart=/true\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "failed");
    EXPECT_EQ(host.started(), Lines{"ExecStart /false"});
}

TEST(Service, RunsExecStopToo_WhenItEndedByItselfButNotWhenItCrashed) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/daemon\nExecStop=/true stop\n");
    (void)host.ask(Verb::start, "a.service");
    host.crash("a.service", {ProcessExit::How::exited, 0});
    EXPECT_EQ(host.started().back(), "ExecStop /true stop");
    (void)host.ask(Verb::start, "a.service");
    host.crash("a.service");
    EXPECT_EQ(host.started().back(), "ExecStart /daemon");
}

TEST(Service, FailsWithResourcesWhenNoProcessCanBeMade) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/nofork\nExecStopPost=/true\n");
    EXPECT_EQ(host.ask(Verb::start, "a.service"), "failed");
    EXPECT_EQ(host.service("a.service").result(), ServiceResult::resources);
    EXPECT_EQ(host.started(), Lines{"ExecStopPost /true"});
}

TEST(Service, GetsANewInvocationIdWithEachStart) {
    FakeHost host;
    host.add("a.service", "[Service]\nExecStart=/daemon\n");
    (void)host.ask(Verb::start, "a.service");
    const std::string first = host.service("a.service").invocation();
    (void)host.ask(Verb::restart, "a.service");
    EXPECT_NE(host.service("a.service").invocation(), first);
    EXPECT_EQ(host.machine.history.back().invocation, host.service("a.service").invocation());
}

} // namespace
} // namespace squall::labhost::init
