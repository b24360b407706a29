#include "init_live.h"

#include "squall/transport/http_client.h"

namespace squall::labhost::init {
namespace {

// As ecs.service of Amazon Linux, with a marker in place of its routing rules.
class Ecs : public LiveHost {
protected:
    void SetUp() override {
        marker = root / "marker";
        put("docker.service", "[Unit]\nDescription=Docker\n[Service]\nExecStart=sleep 1000\n");
        put("ecs.service",
            fmt::format("[Unit]\nDescription=The agent\nPartOf=docker.service\n"
                        "After=docker.service\nRequires=docker.service\n"
                        "[Service]\nRestart=on-failure\nRestartSec=200ms\n"
                        "RestartPreventExitStatus=5\n"
                        "ExecStartPre=sh -c 'touch {0}; {1}'\n"
                        "ExecStart=sh -c '{2}; read code < {0}.code; exit $$code'\n"
                        "ExecStopPost=sh -c 'rm {0}; {3}'\n"
                        "[Install]\nWantedBy=multi-user.target\n",
                        marker.string(),
                        say("pre"),
                        say("main"),
                        say("post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS")));
        ASSERT_EQ(::mkfifo((marker.string() + ".code").c_str(), 0600), 0);
        enable("docker.service");
        enable("ecs.service");
        boot();
        ASSERT_EQ(next_event(), "pre");
        ASSERT_EQ(next_event(), "main");
    }

    // Lets the main process exit by itself.
    void exit_with(int code) {
        const Fd fifo(::open((marker.string() + ".code").c_str(), O_WRONLY | O_CLOEXEC));
        const std::string text = std::to_string(code) + "\n";
        ASSERT_EQ(::write(fifo.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    bool has_marker() const { return std::filesystem::exists(marker); }

    Path marker;
};

TEST_F(Ecs, ComesBackWhenItsMainProcessIsKilledAndHasCleanedUpInBetween) {
    EXPECT_TRUE(has_marker());
    EXPECT_EQ(systemctl("kill -s KILL --kill-whom=main ecs").code, 0);
    EXPECT_EQ(next_event(), "post signal killed KILL");
    EXPECT_EQ(next_event(), "pre");
    EXPECT_EQ(next_event(), "main");
    EXPECT_TRUE(has_marker());
    EXPECT_EQ(show("ecs", "NRestarts"), "1");
    EXPECT_EQ(systemctl("is-active ecs").output, "active\n");
}

TEST_F(Ecs, StaysDownAfterAStopAndHasCleanedUp) {
    EXPECT_EQ(systemctl("stop ecs").code, 0);
    EXPECT_EQ(next_event(), "post success killed TERM");
    EXPECT_FALSE(has_marker());
    EXPECT_EQ(systemctl("is-active ecs docker").output, "inactive\nactive\n");
    EXPECT_EQ(systemctl("list-jobs").output, "No jobs running.\n");
    EXPECT_EQ(systemctl("status ecs").code, 3);
}

TEST_F(Ecs, StaysDownAfterATerminalExit) {
    exit_with(5);
    EXPECT_EQ(next_event(), "post exit-code exited 5");
    EXPECT_TRUE(eventually([&] { return systemctl("is-active ecs").output == "failed\n"; }));
    EXPECT_EQ(show("ecs", "ExecMainStatus"), "5");
    EXPECT_EQ(show("ecs", "Result"), "exit-code");
}

TEST_F(Ecs, ComesBackAfterAnErrorExit) {
    exit_with(1);
    EXPECT_EQ(next_event(), "post exit-code exited 1");
    EXPECT_EQ(next_event(), "pre");
    EXPECT_EQ(next_event(), "main");
}

TEST_F(Ecs, IsRestartedWithDocker) {
    const std::string before = show("ecs", "MainPID");
    EXPECT_EQ(systemctl("restart docker").code, 0);
    EXPECT_EQ(next_event(), "post success killed TERM");
    EXPECT_EQ(next_event(), "pre");
    EXPECT_EQ(next_event(), "main");
    EXPECT_NE(show("ecs", "MainPID"), before);
}

TEST_F(Ecs, IsStoppedBeforeDockerWhenTheHostGoesDown) {
    EXPECT_EQ(shut_down(), 0);
    EXPECT_EQ(next_event(), "post success killed TERM");
    EXPECT_FALSE(has_marker());
    const auto journal = tool("journalctl", {"-o", "cat", "-n", "6"}).output;
    EXPECT_EQ(journal,
              "Stopping The agent...\necs.service: Deactivated successfully.\nStopped The agent.\n"
              "Stopping Docker...\ndocker.service: Deactivated successfully.\nStopped Docker.\n");
}

class Services : public LiveHost {};

TEST_F(Services, GetTheEnvironmentThatTheirUnitGivesThem) {
    std::filesystem::create_directories(root / "etc/app");
    ASSERT_TRUE(write_file(root / "etc/app/env", "FROM_FILE='a b'\nBOTH=file\n"));
    put("env.service",
        fmt::format("[Service]\nType=oneshot\nEnvironment=ONE=1 BOTH=unit \"TWO=x y\"\n"
                    "EnvironmentFile=/etc/app/env\nEnvironmentFile=-/etc/app/nope\n"
                    "WorkingDirectory={}\n"
                    "ExecStart=sh -c 'echo $ONE,$BOTH,$TWO,$FROM_FILE,$(pwd),$PATH > {}' ignored\n"
                    "ExecStart=sh -c 'echo \"$$1\" \"$$2\" \"$$3\" > {}' x $TWO ${{TWO}}\n",
                    root.string(),
                    events_path.string(),
                    events_path.string()));
    boot();
    EXPECT_EQ(systemctl("start env").code, 0);
    EXPECT_EQ(next_event(),
              fmt::format("1,file,x y,a b,{},"
                          "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                          root.string()));
    EXPECT_EQ(next_event(), "x y x y");
}

TEST_F(Services, StartCleanOfWhatIsInits) {
    put("clean.service",
        fmt::format("[Service]\nType=oneshot\n"
                    "ExecStart=sh -c 'ls /proc/self/fd | wc -l > {0}'\n"
                    "ExecStart=sh -c 'grep -E \"^Sig(Blk|Ign)\" /proc/self/status > {0}'\n"
                    "ExecStart=sh -c 'set -- $(cat /proc/$$$$/stat); "
                    "test $1 = $6 && echo own session > {0}'\n",
                    events_path.string()));
    boot();
    const auto started = systemctl("start clean");
    EXPECT_EQ(started.code, 0) << started.output;
    EXPECT_EQ(next_event(), "4") << "the three, and the folder that ls reads";
    EXPECT_EQ(next_event(), "SigBlk:\t0000000000000000");
    EXPECT_EQ(next_event(), "SigIgn:\t0000000000001000") << "SIGPIPE alone, as systemd has it";
    EXPECT_EQ(next_event(), "own session");
}

TEST_F(Services, CannotEscapeWithASessionOfTheirOwn) {
    const Path script = root / "escape.sh";
    ASSERT_TRUE(
        write_file(script, fmt::format("echo $$ > {}\nexec sleep 1000\n", events_path.string())));
    put("a.service",
        fmt::format("[Service]\nExecStart=sh -c 'setsid sh {} & exec sleep 1000'\n",
                    script.string()));
    boot();
    EXPECT_EQ(systemctl("start a").code, 0);
    const auto escaped = to_integer(next_event());
    ASSERT_TRUE(escaped && *escaped > 1);
    EXPECT_EQ(::kill(static_cast<pid_t>(*escaped), 0), 0);
    EXPECT_EQ(systemctl("stop a").code, 0);
    EXPECT_TRUE(eventually([&] { // dead by now, but init may still have to reap it
        return systemctl("is-active a").code == 3 && ::kill(static_cast<pid_t>(*escaped), 0) != 0;
    }));
    EXPECT_EQ(show("a", "ActiveState"), "inactive");
}

TEST_F(Services, EndAtOnceWhenTheyAreStoppedAsSoonAsTheyHaveBegun) {
    put("a.service", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=sleep 1000\n");
    boot();
    transport::HttpClient client({});
    wire::Url server;
    server.scheme = "unix";
    server.host = socket_path();
    // So fast that the signal meets a process that has not become its program yet. It must not be
    // lost: systemd would wait for 90 seconds, which is past this guard.
    for (int i = 0; i < 100; ++i) {
        for (const char* verb : {"start", "stop"}) {
            const auto response =
                client.send(server,
                            {"POST",
                             "/v1/jobs",
                             {},
                             fmt::format(R"({{"verb":"{}","units":["a.service"]}})", verb)},
                            Deadline::in(hang_guard));
            ASSERT_TRUE(response) << response.error().message;
            ASSERT_EQ(response->body, R"({"results":[{"unit":"a.service","result":"done"}]})");
        }
    }
}

TEST_F(Services, LeaveNoZombies) {
    put("a.service",
        fmt::format("[Service]\nExecStart=sh -c '(sh -c \"exit 3\" & sh -c \"exit 4\" &) ; {}; "
                    "exec sleep 1000'\n",
                    say("up")));
    boot();
    EXPECT_EQ(systemctl("start a").code, 0);
    ASSERT_EQ(next_event(), "up");
    const std::string children = fmt::format("/proc/{0}/task/{0}/children", pid);
    EXPECT_TRUE(eventually([&] {
        const auto text = read_file(children, 4096);
        return text && trimmed(*text) == show("a", "MainPID");
    }));
}

TEST_F(Services, DoNotEndInitHoweverTheyEnd) {
    put("missing.service", "[Service]\nExecStart=/nonexistent/program x\n");
    put("folder.service", "[Service]\nWorkingDirectory=/nonexistent\nExecStart=true\n");
    put("crash.service", "[Service]\nExecStart=sh -c 'kill -SEGV $$$$'\n");
    put("stubborn.service",
        "[Service]\nTimeoutStopSec=50ms\nExecStart=sh -c 'trap \"\" TERM; while :; do read x; "
        "done'\n");
    boot();
    EXPECT_EQ(systemctl("start missing folder crash stubborn").code, 0);
    const auto fails_with = [&](const char* unit, const char* status) {
        return eventually([&] {
            return show(unit, "ActiveState") == "failed" && show(unit, "ExecMainStatus") == status;
        });
    };
    EXPECT_TRUE(fails_with("missing", "203"));
    EXPECT_TRUE(fails_with("folder", "200"));
    EXPECT_TRUE(fails_with("crash", "11"));
    EXPECT_EQ(systemctl("stop stubborn").code, 0);
    EXPECT_EQ(show("stubborn", "Result"), "timeout");
    EXPECT_EQ(systemctl("is-system-running").output, "degraded\n");
    EXPECT_NE(tool("journalctl", {"-u", "missing"})
                  .output.find("missing.service: Failed at step EXEC spawning "
                               "/nonexistent/program: No such file or directory"),
              std::string::npos);
}

TEST_F(Services, AreAskedForByRequestsThatMayBeNonsense) {
    boot();
    transport::HttpClient client({});
    wire::Url server;
    server.scheme = "unix";
    server.host = socket_path();
    for (const auto& [method, target, body] : std::vector<std::array<std::string, 3>>{
             {"GET", "/", ""},
             {"GET", "/v1/units/..%2f..%2fx", ""},
             {"PUT", "/v1/jobs", "{}"},
             {"POST", "/v1/jobs", "not json"},
             {"POST", "/v1/jobs", "[]"},
             {"POST", "/v1/jobs", "{\"verb\":\"dance\"}"},
             {"POST", "/v1/jobs", "{\"verb\":\"start\",\"units\":7}"},
             {"POST", "/v1/jobs", "{\"verb\":\"start\",\"units\":[1,\"../x\"]}"},
             {"POST", "/v1/transient", "{\"units\":[{\"name\":\"../x.service\"}]}"},
             {"POST",
              "/v1/transient",
              "{\"units\":[{\"name\":\"x.service\",\"text\":\"garbage\"}]}"},
             {"POST", "/v1/kill", "{\"signal\":99999}"},
             {"POST", "/v1/enable", "{\"units\":[\"../x\"]}"}}) {
        const auto response =
            client.send(server, {method, target, {}, body}, Deadline::in(hang_guard));
        ASSERT_TRUE(response) << target << " " << body;
        EXPECT_LT(response->status, 500) << target << " " << body;
    }
    EXPECT_EQ(systemctl("is-system-running").output, "running\n");
}

} // namespace
} // namespace squall::labhost::init
