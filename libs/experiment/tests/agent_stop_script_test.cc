// Runs the real scripts in a real shell, on a host made of a folder: a systemctl that keeps its
// units in files.
#include "faults/ecs_agent_stop_scripts.h"
#include "squall/base/file.h"
#include "squall/base/subprocess.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace squall::experiment {
namespace {

constexpr const char* fake_systemctl = R"sh(#!/bin/sh
echo "systemctl $*" >>@ROOT@/log
verb=$1; shift
[ "$1" = --quiet ] && shift
unit=@ROOT@/units/${1%.service}
case $verb in
is-active) [ -e "$unit" ] ;;
start) [ -e @ROOT@/start-fails ] || [ -e @ROOT@/start-limit-hit ] && exit 1; : >"$unit" ;;
reset-failed) rm -f @ROOT@/start-limit-hit ;;
stop) [ "$1" = ecs ] && [ -e @ROOT@/during-stop ] && sh @ROOT@/during-stop; [ -e @ROOT@/stop-fails ] && { echo 'Failed to stop "ecs": no' >&2; exit 1; }; rm -f "$unit" ;;
esac
)sh";

constexpr const char* fake_systemd_run = R"sh(#!/bin/sh
echo "systemd-run $*" >>@ROOT@/log
[ -e @ROOT@/no-timers ] && exit 1
for word; do case $word in --unit=*) : >"@ROOT@/units/${word#--unit=}.timer" ;; esac; done
)sh";

class ScriptHost : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* folder : {"bin", "units", "systemd"})
            ASSERT_TRUE(make_directories(root_ / folder));
        ASSERT_TRUE(write_file(
            root_ / "bin/systemctl", replace_all(fake_systemctl, "@ROOT@", root_.string()), 0755));
        ASSERT_TRUE(write_file(root_ / "bin/systemd-run",
                               replace_all(fake_systemd_run, "@ROOT@", root_.string()),
                               0755));
        ASSERT_TRUE(write_file(root_ / "units/ecs", ""));
    }

    // The script, with this folder in place of the host's.
    std::string on_this_host(std::string script) const {
        script = replace_all(script,
                             "PATH=/usr/local/sbin",
                             "PATH=" + (root_ / "bin").string() + ":/usr/local/sbin");
        script = replace_all(script, "/var/run/squall", (root_ / "squall").string());
        return replace_all(script, "/run/systemd/system", (root_ / "systemd").string());
    }

    json::Object execute(const std::string& script) {
        const auto finished =
            run({{"sh", "-c", on_this_host(script)}, {}, {}, {}}, Deadline::in(Seconds(30)))
                .value();
        EXPECT_EQ(finished.errors, "");
        const auto object = json::parse_object(trimmed(finished.output));
        EXPECT_TRUE(object) << finished.output;
        return object.value_or(json::Object{});
    }

    std::string
    stop(const std::string& run_id, int late_by = 0, int lasts = 60, int longest = 100) {
        const auto now =
            std::chrono::duration_cast<Seconds>(Wall::now().time_since_epoch()).count();
        last_ = execute(agent_stop_script(run_id,
                                          std::to_string(now - late_by),
                                          std::to_string(now + 30 - late_by),
                                          std::to_string(now + lasts - late_by),
                                          std::to_string(longest)));
        return std::string(json::string_at(last_, "did"));
    }

    static std::string seconds_from_now(int seconds) {
        const auto now =
            std::chrono::duration_cast<Seconds>(Wall::now().time_since_epoch()).count();
        return std::to_string(now + seconds);
    }

    // The order to stop is valid for `valid` seconds more.
    std::string start(const std::string& run_id, int valid = 30, const char* is_certain = "no") {
        last_ = execute(agent_start_script(run_id, seconds_from_now(valid), is_certain));
        return std::string(json::string_at(last_, "did"));
    }

    // Runs the script in a shell that kills itself before its `step`th command, as a cancelled SSM
    // command may be killed anywhere. True when the script was over before that.
    bool survives(const std::string& script, int step) {
        EXPECT_TRUE(write_file(root_ / "killed.sh",
                               "set -T\nsteps=0\ntrap '[ $((steps += 1)) -eq "
                                   + std::to_string(step) + " ] && kill -9 $BASHPID' DEBUG\n"
                                   + on_this_host(script)));
        const auto finished =
            run({{"bash", (root_ / "killed.sh").string()}, {}, {}, {}}, Deadline::in(Seconds(30)));
        EXPECT_TRUE(finished);
        return finished && finished->exit_code == 0;
    }

    void restore_host() {
        for (const char* name : {"squall", "units", "log"})
            std::filesystem::remove_all(root_ / name);
        ASSERT_TRUE(make_directories(root_ / "units"));
        touch("units/ecs");
    }

    [[nodiscard]] bool agent_runs() const { return std::filesystem::exists(root_ / "units/ecs"); }

    [[nodiscard]] bool timer_runs(const std::string& run_id) const {
        return std::filesystem::exists(root_ / ("units/squall-" + run_id + "-undo.timer"));
    }

    [[nodiscard]] bool is_held() const {
        return std::filesystem::exists(root_ / "squall/ecs-agent-stop");
    }

    [[nodiscard]] std::string log() const {
        return read_file(root_ / "log", 1U << 20U).value_or("");
    }

    void touch(const char* name) { ASSERT_TRUE(write_file(root_ / name, "")); }

    void run_undo() {
        ASSERT_TRUE(
            run_checked({{"sh", (root_ / "squall/ecs-agent-stop/undo.sh").string()}, {}, {}, {}},
                        Deadline::in(Seconds(20))));
    }

    TemporaryFolder folder_;
    const Path& root_ = folder_.path();
    json::Object last_;
};

TEST_F(ScriptHost, StopsTheAgentWithItsUndoArmedFirst) {
    EXPECT_EQ(stop("r-1"), "injected");
    EXPECT_FALSE(agent_runs());
    EXPECT_TRUE(timer_runs("r-1"));
    const std::string order = log();
    EXPECT_LT(order.find("systemd-run --unit=squall-r-1-undo"), order.find("systemctl stop ecs"));
    EXPECT_NE(order.find("--timer-property=AccuracySec=100ms"), std::string::npos)
        << "without it systemd may be a minute late";
    EXPECT_EQ(json::string_at(last_, "run"), "r-1");
}

TEST_F(ScriptHost, StartsItAgainAndLeavesNothing) {
    stop("r-1");
    EXPECT_EQ(start("r-1"), "reverted");
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(timer_runs("r-1"));
    EXPECT_FALSE(std::filesystem::exists(root_ / "squall"));
}

TEST_F(ScriptHost, MayBeToldToStartAnyNumberOfTimes) {
    stop("r-1");
    EXPECT_EQ(start("r-1"), "reverted");
    EXPECT_EQ(start("r-1"), "clean");
    EXPECT_EQ(start("r-1"), "clean");
    EXPECT_TRUE(agent_runs());
}

TEST_F(ScriptHost, UndoesItselfAndTheOrderToStartThenFindsNothing) {
    stop("r-1");
    run_undo();
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(is_held());
    EXPECT_EQ(start("r-1"), "clean");
}

TEST_F(ScriptHost, IsStartedAgainThoughItsRecordWasRemoved) {
    for (const char* removed : {"squall", "squall/ecs-agent-stop", "squall/ecs-agent-stop/run"}) {
        restore_host();
        EXPECT_EQ(stop("r-1"), "injected");
        std::filesystem::remove_all(root_ / removed);
        EXPECT_EQ(start("r-1", -1), "clean") << "nobody has said for certain that it was ours";
        EXPECT_FALSE(agent_runs());
        EXPECT_EQ(start("r-1", -1, "yes"), "reverted") << removed;
        EXPECT_TRUE(agent_runs());
        EXPECT_NE(log().find("systemctl stop squall-r-1-undo.timer"), std::string::npos);
        EXPECT_FALSE(std::filesystem::exists(root_ / "squall"));
        EXPECT_EQ(start("r-1", -1, "yes"), "clean");
    }
}

TEST_F(ScriptHost, IsLeftToTheRunThatHoldsItNowWhateverIsCertain) {
    stop("r-2");
    EXPECT_EQ(start("r-1", 30, "yes"), "clean");
    EXPECT_FALSE(agent_runs());
    EXPECT_TRUE(is_held());
}

TEST_F(ScriptHost, SaysSoWhenItHasNoRecordOfTheRunAndItsAgentDoesNotRun) {
    stop("r-1");
    std::filesystem::remove_all(root_ / "squall");
    EXPECT_EQ(start("r-1"), "clean");
    EXPECT_NE(json::string_at(last_, "why").find("the agent does not run"), std::string::npos);
    EXPECT_FALSE(agent_runs());
}

TEST_F(ScriptHost, TakesTheSameOrderTwiceAsOne) {
    EXPECT_EQ(stop("r-1"), "injected");
    EXPECT_EQ(stop("r-1"), "injected");
    EXPECT_EQ(log().find("systemctl stop ecs"), log().rfind("systemctl stop ecs"));
}

TEST_F(ScriptHost, DoesNothingWhenItIsTooLate) {
    EXPECT_EQ(stop("r-1", 31), "too-late");
    EXPECT_EQ(stop("r-1", 0, 2), "too-late");
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(std::filesystem::exists(root_ / "squall"));
}

TEST_F(ScriptHost, DoesNothingWhenTheRunHasEndedBeforeTheOrderCame) {
    EXPECT_EQ(start("r-1"), "clean");
    EXPECT_EQ(stop("r-1"), "too-late");
    EXPECT_TRUE(agent_runs());
    EXPECT_EQ(stop("r-2"), "injected") << "that was another run";
}

TEST_F(ScriptHost, ForgetsThatTheRunHasEndedWhenItsOrderIsVoidAnyway) {
    EXPECT_EQ(start("r-1", 0), "clean");
    EXPECT_TRUE(run_checked(
        {{"sh", "-c", "while [ -e " + (root_ / "squall").string() + " ]; do sleep 0.1; done"},
         {},
         {},
         {}},
        Deadline::in(Seconds(30))));
    EXPECT_EQ(start("r-1", -1), "clean");
    EXPECT_FALSE(std::filesystem::exists(root_ / "squall")) << "nothing to be on guard against";
}

TEST_F(ScriptHost, StartsTheAgentWhenItsUndoWasFasterThanItsStop) {
    // As on a machine that stood still between arming the timer and stopping the agent.
    ASSERT_TRUE(write_file(root_ / "during-stop",
                           "sh " + (root_ / "squall/ecs-agent-stop/undo.sh").string()));
    EXPECT_EQ(stop("r-1"), "too-late");
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(std::filesystem::exists(root_ / "squall"));
}

TEST_F(ScriptHost, IsStartedAgainThoughTheOrderToStartCameInTheMiddleOfTheStop) {
    ASSERT_TRUE(write_file(root_ / "start.sh",
                           on_this_host(agent_start_script("r-1", seconds_from_now(30), "no"))));
    // The stop takes its time, as a real agent does; the order to start must not overtake it.
    const std::string root = root_.string();
    ASSERT_TRUE(write_file(root_ / "during-stop",
                           "sh " + root + "/start.sh >" + root + "/started & n=0; while [ ! -s "
                               + root
                               + "/started ] && [ $n -lt 20 ]; do n=$((n + 1)); sleep 0.1; done"));
    EXPECT_EQ(stop("r-1"), "injected");
    ASSERT_TRUE(run_checked(
        {{"sh", "-c", "while [ ! -s " + root + "/started ]; do sleep 0.1; done"}, {}, {}, {}},
        Deadline::in(Seconds(30))));
    EXPECT_NE(read_file(root_ / "started", 1000).value_or("").find("\"did\":\"reverted\""),
              std::string::npos)
        << read_file(root_ / "started", 1000).value_or("");
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(std::filesystem::exists(root_ / "squall"));
}

TEST_F(ScriptHost, IsStartedAgainWhenTheStopWasKilledInTheMiddle) {
    ASSERT_TRUE(
        write_file(root_ / "during-stop",
                   "kill -9 $(cat " + (root_ / "squall/ecs-agent-stop/busy").string() + ")"));
    const auto killed =
        run({{"sh",
              "-c",
              on_this_host(agent_stop_script(
                  "r-1", seconds_from_now(0), seconds_from_now(30), seconds_from_now(60), "100"))},
             {},
             {},
             {}},
            Deadline::in(Seconds(30)));
    ASSERT_TRUE(killed);
    EXPECT_TRUE(timer_runs("r-1")) << "armed before";
    EXPECT_EQ(start("r-1"), "reverted");
    EXPECT_TRUE(agent_runs());
}

TEST_F(ScriptHost, IsUndoneWhereverTheStopWasKilled) {
    constexpr int steps_max = 200;
    int step = 1;
    for (;; ++step) {
        SCOPED_TRACE("killed before command " + std::to_string(step));
        ASSERT_LT(step, steps_max);
        restore_host();
        if (survives(
                agent_stop_script(
                    "r-1", seconds_from_now(0), seconds_from_now(30), seconds_from_now(60), "100"),
                step))
            break;
        ASSERT_TRUE(agent_runs() || timer_runs("r-1"));
        const std::string did = start("r-1", -1);
        ASSERT_TRUE(did == "clean" || did == "reverted") << did;
        ASSERT_TRUE(agent_runs());
        ASSERT_FALSE(timer_runs("r-1"));
        ASSERT_FALSE(std::filesystem::exists(root_ / "squall"));
    }
    EXPECT_GT(step, 20) << "the script has more commands than that";
}

TEST_F(ScriptHost, IsUndoneWhereverTheOrderToStartWasKilled) {
    constexpr int steps_max = 200;
    int step = 1;
    for (;; ++step) {
        SCOPED_TRACE("killed before command " + std::to_string(step));
        ASSERT_LT(step, steps_max);
        restore_host();
        ASSERT_EQ(stop("r-1"), "injected");
        if (survives(agent_start_script("r-1", seconds_from_now(-1), "no"), step)) break;
        ASSERT_TRUE(agent_runs() || (timer_runs("r-1") && is_held()));
        const std::string did = start("r-1", -1);
        ASSERT_TRUE(did == "clean" || did == "reverted") << did;
        ASSERT_TRUE(agent_runs());
        ASSERT_FALSE(std::filesystem::exists(root_ / "squall"));
    }
    EXPECT_GT(step, 10) << "the script has more commands than that";
}

TEST_F(ScriptHost, IsHeldByOneRunAtATime) {
    stop("r-1");
    EXPECT_EQ(stop("r-2"), "busy");
    EXPECT_EQ(json::string_at(last_, "other_run"), "r-1");
    EXPECT_EQ(start("r-2"), "clean");
    EXPECT_FALSE(agent_runs()) << "only the run that stopped it starts it";
    EXPECT_TRUE(timer_runs("r-1"));
}

TEST_F(ScriptHost, LeavesAnAgentAloneThatDoesNotRun) {
    std::filesystem::remove(root_ / "units/ecs");
    EXPECT_EQ(stop("r-1"), "left");
    EXPECT_FALSE(is_held());
    EXPECT_EQ(start("r-1"), "clean");
    EXPECT_FALSE(agent_runs());
}

TEST_F(ScriptHost, UndoesWhatItBeganWhenTheAgentDoesNotStop) {
    touch("stop-fails");
    EXPECT_EQ(stop("r-1"), "failed");
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(is_held());
    EXPECT_NE(json::string_at(last_, "why").find("Failed to stop ecs: no"), std::string_view::npos)
        << json::string_at(last_, "why");
}

TEST_F(ScriptHost, ArmsAProcessWhereSystemdHasNoTimerForIt) {
    touch("no-timers");
    EXPECT_EQ(stop("r-1", 0, 4), "injected");
    EXPECT_FALSE(agent_runs());
    // The process ends by itself, and the agent is back.
    const Path pid_file = root_ / "squall/ecs-agent-stop/timer.pid";
    const std::string pid(trimmed(read_file(pid_file, 100).value()));
    ASSERT_TRUE(run_checked(
        {{"sh", "-c", "while kill -0 " + pid + " 2>/dev/null; do sleep 0.1; done"}, {}, {}, {}},
        Deadline::in(Seconds(30))));
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(is_held());
}

TEST_F(ScriptHost, EndsThatProcessWhenItIsToldToStart) {
    touch("no-timers");
    stop("r-1", 0, 90);
    const std::string pid(
        trimmed(read_file(root_ / "squall/ecs-agent-stop/timer.pid", 100).value()));
    EXPECT_EQ(start("r-1"), "reverted");
    EXPECT_TRUE(run_checked(
        {{"sh", "-c", "while kill -0 " + pid + " 2>/dev/null; do sleep 0.1; done"}, {}, {}, {}},
        Deadline::in(Seconds(10))));
}

TEST_F(ScriptHost, TakesOverAHoldThatARebootLeftBehind) {
    stop("r-1");
    touch("units/ecs"); // the boot started the agent
    ASSERT_TRUE(write_file(root_ / "squall/ecs-agent-stop/until", "1000000000\n"));
    EXPECT_EQ(stop("r-2"), "injected");
    EXPECT_EQ(start("r-1"), "clean");
    EXPECT_EQ(start("r-2"), "reverted");
}

TEST_F(ScriptHost, KeepsItsHoldWhenTheAgentDoesNotStart) {
    stop("r-1");
    touch("start-fails");
    const auto finished =
        run({{"sh", "-c", on_this_host(agent_start_script("r-1", seconds_from_now(30), "no"))},
             {},
             {},
             {}},
            Deadline::in(Seconds(30)))
            .value();
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_TRUE(is_held()) << "its timer tries again";
    EXPECT_TRUE(timer_runs("r-1"));
    std::filesystem::remove(root_ / "start-fails");
    EXPECT_EQ(start("r-1"), "reverted");
}

TEST_F(ScriptHost, MakesItsFolderAgainWhenAnotherRunsScriptTakesItAway) {
    // Between the folder above and the one in it, the other script's rmdir.
    ASSERT_TRUE(write_file(root_ / "bin/mkdir",
                           "#!/bin/sh\n[ -e " + (root_ / "taken-away").string() + " ] || { : >"
                               + (root_ / "taken-away").string()
                               + "; exit 1; }\nexec /bin/mkdir \"$@\"\n",
                           0755));
    EXPECT_EQ(stop("r-1"), "injected");
    EXPECT_TRUE(std::filesystem::exists(root_ / "taken-away"));
    std::filesystem::remove(root_ / "taken-away");
    EXPECT_EQ(start("r-2"), "clean");
    EXPECT_TRUE(std::filesystem::exists(root_ / "squall/over/r-2"));
    EXPECT_EQ(start("r-1"), "reverted");
}

TEST_F(ScriptHost, AnOrderFromBeforeTheHostStartedAnewIsVoid) {
    // The mark that its run is over went with the reboot.
    EXPECT_EQ(start("r-1"), "clean");
    EXPECT_EQ(stop("r-1"), "too-late");
    std::filesystem::remove_all(root_ / "squall");
    ASSERT_TRUE(write_file(root_ / "bin/ps", "#!/bin/sh\necho '      5'\n", 0755));
    EXPECT_EQ(stop("r-1", /*late_by=*/10), "too-late");
    EXPECT_EQ(json::string_at(last_, "why"), "the host has started anew since the order was given");
    EXPECT_TRUE(agent_runs());
    EXPECT_FALSE(std::filesystem::exists(root_ / "squall"));
    EXPECT_EQ(stop("r-2", /*late_by=*/3), "injected") << "given to the host as it is now";
}

TEST_F(ScriptHost, WhereNobodyTellsWhenTheHostStartedAnOrderIsAsGoodAsItsTime) {
    ASSERT_TRUE(write_file(root_ / "bin/ps", "#!/bin/sh\necho usage >&2\nexit 1\n", 0755));
    EXPECT_EQ(stop("r-1", /*late_by=*/10), "injected");
}

TEST_F(ScriptHost, StartsAnAgentThatWasStartedTooOftenForItsUnit) {
    stop("r-1");
    touch("start-limit-hit");
    EXPECT_EQ(start("r-1"), "reverted");
    EXPECT_TRUE(agent_runs());
}

TEST_F(ScriptHost, NeverHoldsLongerThanItsLongestWhateverItsClockSays) {
    // A host whose clock is an hour behind would wait an hour too long.
    stop("r-1", -3600, 60, 40);
    EXPECT_NE(log().find("--on-active=40s"), std::string::npos) << log();
}

TEST_F(ScriptHost, RefusesAHostWithoutAnInitItKnows) {
    std::filesystem::remove(root_ / "systemd");
    if (std::filesystem::exists("/sbin/initctl")) return;
    EXPECT_EQ(stop("r-1"), "refused");
    EXPECT_TRUE(agent_runs());
}

TEST(AgentStopScript, FitsIntoADocumentAndHasNoFlagNewerThanSystemd219) {
    const std::string script =
        agent_stop_script("r-20261121-0000-abcd", "1795219723", "1795219753", "1795219753", "100");
    EXPECT_LT(script.size(), 64U * 1024U);
    for (const char* newer : {"--collect", "--wait", "--pipe", "--quiet --unit"})
        EXPECT_EQ(script.find(newer), std::string::npos) << newer;
}

} // namespace
} // namespace squall::experiment
