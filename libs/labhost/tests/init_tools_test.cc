#include "init_live.h"
#include "squall/base/json.h"

namespace squall::labhost::init {
namespace {

using testing::Test;

class Tools : public LiveHost {
protected:
    void SetUp() override {
        put("web.service",
            "[Unit]\nDescription=Web thing\n"
            "[Service]\nExecStart=sh -c 'echo hello; echo err >&2; exec sleep 1000'\n"
            "[Install]\nWantedBy=multi-user.target\n");
        put("bad.service",
            "[Unit]\nDescription=Bad\n[Service]\nExecStartPre=sh -c 'exit 3'\nExecStart=true\n");
        boot();
    }

    void expect(const std::string& arguments, int code, const std::string& output) {
        const ToolResult result = systemctl(arguments);
        EXPECT_EQ(result.output, output) << "systemctl " << arguments;
        EXPECT_EQ(result.code, code) << "systemctl " << arguments;
    }

    void
    expect_run(const std::vector<std::string>& arguments, int code, const std::string& output) {
        const ToolResult result = tool("systemd-run", arguments);
        EXPECT_EQ(result.output, output);
        EXPECT_EQ(result.code, code) << output;
    }
};

TEST_F(Tools, SpeakOfUnitsThatAreNotThereAsSystemdDoes) {
    expect("start nope", 5, "Failed to start nope.service: Unit nope.service not found.\n");
    expect("stop nope", 5, "Failed to stop nope.service: Unit nope.service not loaded.\n");
    expect("restart nope.service",
           5,
           "Failed to restart nope.service: Unit nope.service not found.\n");
    expect("try-restart nope",
           5,
           "Failed to try-restart nope.service: Unit nope.service not found.\n");
    expect("status nope", 4, "Unit nope.service could not be found.\n");
    expect("is-active nope", 3, "inactive\n");
    expect("is-failed nope", 1, "inactive\n");
    expect("is-enabled nope",
           1,
           "Failed to get unit file state for nope.service: No such file or directory\n");
    expect("enable nope", 1, "Failed to enable unit: Unit file nope.service does not exist.\n");
    expect("cat nope", 1, "No files found for nope.service.\n");
    expect("kill nope", 1, "Failed to kill unit nope.service: Unit nope.service not loaded.\n");
    expect("reset-failed nope",
           1,
           "Failed to reset failed state of unit nope.service: Unit nope.service not loaded.\n");
    expect("show nope -p LoadState,ActiveState,MainPID",
           0,
           "MainPID=0\nLoadState=not-found\nActiveState=inactive\n");
}

TEST_F(Tools, RefuseWhatTheyDoNotKnow) {
    expect("frob web", 1, "Unknown command verb frob.\n");
    expect("--frob", 1, "systemctl: unrecognized option '--frob'\n");
    expect("start", 1, "Too few arguments.\n");
    expect("kill -s FOO web", 1, "Failed to parse signal string \"FOO\".\n");
    expect("show -p", 1, "systemctl: option requires an argument -- 'p'\n");
    EXPECT_TRUE(systemctl("--version").output.starts_with("systemd 252 (252.23-2.amzn2023)\n"));
}

TEST_F(Tools, ShowAUnitThroughItsLife) {
    expect("is-active web", 3, "inactive\n");
    expect("start web", 0, "");
    expect("is-active web bad", 0, "active\ninactive\n");
    EXPECT_TRUE(eventually([&] { // what it said may still be on its way
        return tool("journalctl", {"-u", "web", "-o", "cat"}).output
               == "Started Web thing.\nhello\nerr\n";
    }));
    const std::string main = show("web", "MainPID");
    const auto running = systemctl("status web");
    EXPECT_EQ(running.code, 0);
    EXPECT_TRUE(
        running.output.starts_with("● web.service - Web thing\n     Loaded: loaded "
                                   "(/etc/systemd/system/web.service; disabled; preset: disabled)\n"
                                   "     Active: active (running) since "))
        << running.output;
    EXPECT_NE(running.output.find("\n   Main PID: " + main
                                  + " (sleep)\n     CGroup: /system.slice/web.service\n"
                                    "             └─"
                                  + main + " sleep 1000\n\n"),
              std::string::npos)
        << running.output;
    expect("stop web", 0, "");
    const auto stopped = systemctl("status web");
    EXPECT_EQ(stopped.code, 3);
    EXPECT_TRUE(stopped.output.starts_with("○ web.service - Web thing\n")) << stopped.output;
    EXPECT_NE(stopped.output.find("   Main PID: " + main + " (code=killed, signal=TERM)\n"),
              std::string::npos);
    EXPECT_NE(stopped.output.find("systemd[1]: Stopped Web thing.\n"), std::string::npos);
    expect("show web -p ActiveState,SubState,MainPID,ExecMainCode,ExecMainStatus,Result",
           0,
           "MainPID=0\nResult=success\nExecMainCode=2\nExecMainStatus=15\nActiveState="
           "inactive\nSubState=dead\n");
}

TEST_F(Tools, ExplainAStartThatFailed) {
    expect(
        "start bad",
        1,
        "Job for bad.service failed because the control process exited with error code.\n"
        "See \"systemctl status bad.service\" and \"journalctl -xeu bad.service\" for details.\n");
    EXPECT_TRUE(systemctl("status bad").output.starts_with("× bad.service - Bad\n"));
    expect("is-failed bad", 0, "failed\n");
    expect("list-units --failed --no-legend", 0, "● bad.service loaded failed failed Bad\n");
    expect("reset-failed bad", 0, "");
    expect("is-failed bad", 1, "inactive\n");
    put("setting.service", "[Service]\nType=forking\nExecStart=true\n");
    expect("start setting",
           1,
           "Failed to start setting.service: Unit setting.service has a bad unit file setting.\n"
           "See system logs and 'systemctl status setting.service' for details.\n");
}

TEST_F(Tools, EnableAndDisable) {
    expect("is-enabled web", 1, "disabled\n");
    expect("enable --now web",
           0,
           "Created symlink /etc/systemd/system/multi-user.target.wants/web.service → "
           "/etc/systemd/system/web.service.\n");
    expect("is-enabled web", 0, "enabled\n");
    expect("is-active web", 0, "active\n");
    expect("is-enabled bad", 0, "static\n");
    expect("disable --now web",
           0,
           "Removed \"/etc/systemd/system/multi-user.target.wants/web.service\".\n");
    expect("is-active web", 3, "inactive\n");
    expect("list-unit-files",
           0,
           "UNIT FILE   STATE    PRESET\nbad.service static   -\nweb.service disabled disabled\n\n"
           "2 unit files listed.\n");
}

TEST_F(Tools, WarnThatAFileHasChangedUntilTheReload) {
    expect("start web", 0, "");
    put("web.service", "[Unit]\nDescription=Other thing\n[Service]\nExecStart=sleep 1000\n");
    expect("restart web",
           0,
           "Warning: The unit file, source configuration file or drop-ins of web.service changed "
           "on disk. "
           "Run 'systemctl daemon-reload' to reload units.\n");
    EXPECT_EQ(show("web", "Description"), "Web thing");
    expect("daemon-reload", 0, "");
    EXPECT_EQ(show("web", "Description"), "Other thing");
    expect("restart web", 0, "");
}

TEST_F(Tools, RunATransientServiceAndForgetIt) {
    expect_run({"--unit=job", "--setenv=A=B c", "sh", "-c", say("got:$A:${A}:$$A")},
               0,
               "Running as unit: job.service\n");
    EXPECT_EQ(next_event(), "got:B c:B c:B c");
    EXPECT_TRUE(eventually([&] { return systemctl("status job").code == 4; }));
    EXPECT_FALSE(std::filesystem::exists(root / "run/systemd/transient/job.service"));
    expect_run({"--unit=job", "sleep", "1000"}, 0, "Running as unit: job.service\n");
    expect_run(
        {"--unit=job", "true"},
        1,
        "Failed to start transient service unit: Unit job.service was already loaded or has a "
        "fragment file.\n");
    expect_run(
        {"--unit=web", "true"},
        1,
        "Failed to start transient service unit: Unit web.service was already loaded or has a "
        "fragment file.\n");
    expect("cat job",
           0,
           "# /run/systemd/transient/job.service\n"
           "# This is a transient unit file, created programmatically via the systemd API. Do not "
           "edit.\n"
           "[Unit]\nDescription=/usr/bin/sleep "
           "1000\n\n[Service]\nExecStart=\nExecStart=\"/usr/bin/sleep\" \"1000\"\n");
}

TEST_F(Tools, RunATransientTimerOnce) {
    expect_run({"--on-active=1h", "--unit=undo", "--timer-property=AccuracySec=100ms", "true"},
               0,
               "Running timer as unit: undo.timer\nWill run service as unit: undo.service\n");
    expect_run({"--on-active=1h", "--unit=undo", "true"},
               1,
               "Failed to start transient timer unit: Unit undo.timer was already loaded or has a "
               "fragment file.\n");
    EXPECT_NE(systemctl("list-timers").output.find("undo.timer undo.service\n\n1 timers listed.\n"),
              std::string::npos);
    EXPECT_NE(show("undo.timer", "NextElapseUSecMonotonic"), "infinity");
    expect("stop undo.timer", 0, "");
    expect("status undo.timer", 4, "Unit undo.timer could not be found.\n");
    expect_run({"-q",
                "--on-active=50ms",
                "--unit=undo",
                "--timer-property=AccuracySec=1ms",
                "sh",
                "-c",
                say("undone")},
               0,
               "");
    EXPECT_EQ(next_event(), "undone");
    EXPECT_TRUE(eventually([&] {
        return systemctl("status undo.timer undo.service").output
               == "Unit undo.timer could not be found.\nUnit undo.service could not be found.\n";
    }));
}

TEST_F(Tools, RefuseToRunWhatCannotBeMeant) {
    expect_run({}, 1, "Command line to execute required.\n");
    expect_run({"--bogus"}, 1, "systemd-run: unrecognized option '--bogus'\n");
    expect_run({"-p", "Bogus=1", "true"}, 1, "Unknown assignment: Bogus=1\n");
    expect_run({"-p", "Restart=no\nType=oneshot", "true"},
               1,
               "Unknown assignment: Restart=no\nType=oneshot\n");
    expect_run({"nonexistent-program"},
               1,
               "Failed to find executable nonexistent-program: No such file or directory\n");
    expect_run({"--wait", "true"}, 1, "systemd-run: --wait is not available in a lab host.\n");
    expect_run({"--on-active=soon", "true"}, 1, "Failed to parse timer value: soon\n");
    expect_run(
        {"--unit=job", "--service-type=oneshot", "sh", "-c", "exit 3"},
        1,
        "Job for job.service failed because the control process exited with error code.\n"
        "See \"systemctl status job.service\" and \"journalctl -xeu job.service\" for details.\n");
}

TEST_F(Tools, ReadTheJournal) {
    EXPECT_EQ(tool("journalctl", {"-u", "web"}).output, "-- No entries --\n");
    EXPECT_EQ(tool("journalctl", {"-q", "-u", "web"}).output, "");
    expect("start web", 0, "");
    EXPECT_TRUE(eventually([&] {
        return tool("journalctl", {"-q", "-u", "web", "-t", "sh"}).output.ends_with(": err\n");
    }));
    EXPECT_EQ(tool("journalctl", {"-u", "web", "-o", "cat", "-n", "2"}).output, "hello\nerr\n");
    EXPECT_EQ(tool("journalctl", {"-u", "web", "-o", "cat", "-r", "-n1"}).output, "err\n");
    EXPECT_EQ(tool("journalctl", {"-u", "web", "--until", "1 hour ago"}).output,
              "-- No entries --\n");
    const auto line =
        json::parse_object(tool("journalctl", {"-u", "web", "-o", "json", "-n", "1"}).output);
    ASSERT_TRUE(line);
    EXPECT_EQ(json::string_at(*line, "MESSAGE"), "err");
    EXPECT_EQ(json::string_at(*line, "_SYSTEMD_UNIT"), "web.service");
    for (const auto& [arguments, message] :
         std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"--since", "foo"}, "Failed to parse timestamp: foo\n"},
             {{"-o", "bogus"}, "Unknown output format 'bogus'.\n"},
             {{"web"}, "Failed to add match 'web': Invalid argument\n"},
             {{"-k"}, "journalctl: a lab host has no kernel log of its own (-k)\n"}}) {
        const auto result = tool("journalctl", arguments);
        EXPECT_EQ(result.output, message);
        EXPECT_EQ(result.code, 1);
    }
}

TEST_F(Tools, DoNotWaitWhenToldNotTo) {
    put("slow.service", "[Service]\nExecStartPre=sleep 1000\nExecStart=true\n");
    expect("start --no-block slow", 0, "");
    expect("is-active slow", 3, "activating\n");
    EXPECT_NE(systemctl("list-jobs").output.find("slow.service start running"), std::string::npos);
    expect("stop slow", 0, "");
}

TEST_F(Tools, SayThatNobodyAnswers) {
    EXPECT_EQ(shut_down(), 0);
    expect("status", 1, "Failed to connect to bus: No such file or directory\n");
    expect("start web", 1, "Failed to connect to bus: No such file or directory\n");
}

TEST(Init, RefusesToRunTheUnitsOfTheMachineItIsOn) {
    EXPECT_EQ(run_role("init", {}), 64);
    EXPECT_EQ(run_role("init", {"--what"}), 64);
}

} // namespace
} // namespace squall::labhost::init
