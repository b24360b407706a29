#include "runtime/launch_spec.h"
#include "runtime/process.h"
#include "runtime/program_search.h"
#include "runtime/signal_name.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace squall::labhost::runtime {
namespace {

TEST(LaunchSpec, IsReadBackAsItWasWritten) {
    LaunchSpec spec;
    spec.argv = {"sh", "-c", "echo \"\n\""};
    spec.environment = {"A=b c", "E="};
    spec.hostname = "h";
    spec.working_directory = "/w";
    spec.root = RootKind::machine;
    spec.program = "/p";
    spec.root_folder = "/r";
    spec.hosts = "127.0.0.1\tlocalhost\n";
    spec.resolv_conf = "nameserver 1.2.3.4\n";
    spec.binds = {{"/a", "/b", true}, {"/c", "/d", false}};
    spec.capabilities = all_capabilities - 1;
    spec.privileged = true;
    spec.read_only_root = true;
    EXPECT_EQ(parse_launch_spec(to_text(spec)).value(), spec);
    EXPECT_FALSE(parse_launch_spec("{}"));
    EXPECT_FALSE(parse_launch_spec("x"));
}

TEST(StartFailure, IsReadBackAndNeverEmpty) {
    const StartFailure failure{127, "exec: \"x\": no"};
    EXPECT_EQ(parse_start_failure(to_text(failure)), failure);
    EXPECT_FALSE(parse_start_failure("").message.empty());
}

TEST(HostsText, NamesTheContainerAndWhoElseWasAskedFor) {
    const auto text = hosts_text({"db:10.0.0.5", "gw:host-gateway"}, "172.17.0.2", "web");
    EXPECT_NE(text.find("127.0.0.1\tlocalhost\n"), std::string::npos);
    EXPECT_NE(text.find("10.0.0.5\tdb\n172.17.0.1\tgw\n172.17.0.2\tweb\n"), std::string::npos);
    EXPECT_EQ(hosts_text({}, "", "web").find("web"), std::string::npos);
}

TEST(CompleteEnvironment, AddsOnlyWhatIsMissing) {
    EXPECT_EQ(complete_environment({"A=b"}, "h"),
              (std::vector<std::string>{
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                  "HOSTNAME=h",
                  "A=b",
                  "HOME=/root"}));
    EXPECT_EQ(complete_environment({"PATH=/x", "HOME=/", "HOSTNAME=own"}, "h").size(), 3U);
}

TEST(ProgramSearch, SpeaksAsRuncDoes) {
    const std::vector<std::string> environment{"PATH=/nowhere:/usr/bin:/bin"};
    const auto failure = [&](const std::string& name) {
        return find_program(name, environment).error();
    };
    EXPECT_TRUE(find_program("sh", environment).value().ends_with("/bin/sh"));
    EXPECT_EQ(find_program("/bin/sh", {}).value(), "/bin/sh");
    EXPECT_EQ(failure("no-such-program"),
              (StartFailure{127, "exec: \"no-such-program\": executable file not found in $PATH"}));
    EXPECT_EQ(failure("/no/such"),
              (StartFailure{127, "exec: \"/no/such\": stat /no/such: no such file or directory"}));
    EXPECT_EQ(failure("/etc/passwd"),
              (StartFailure{126, "exec: \"/etc/passwd\": permission denied"}));
    EXPECT_EQ(failure("/etc"), (StartFailure{126, "exec: \"/etc\": permission denied"}));
}

TEST(SignalName, IsReadInEveryFormDockerTakes) {
    for (const char* text : {"SIGTERM", "TERM", "term", "15"})
        EXPECT_EQ(parse_signal(text), SIGTERM) << text;
    EXPECT_EQ(parse_signal("SIGUSR1"), SIGUSR1);
    EXPECT_EQ(parse_signal("RTMIN+3"), SIGRTMIN + 3);
    EXPECT_EQ(parse_signal("SIGRTMIN"), SIGRTMIN);
    for (const char* text : {"", "SIG", "0", "65", "-9", "RTMIN+99", "RTMIN-1", "KILL9"})
        EXPECT_EQ(parse_signal(text), std::nullopt) << text;
}

TEST(StartTime, IsReadPastAProgramsNameOfAnyForm) {
    const std::string rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
    EXPECT_EQ(parse_start_time("12 (sh)" + rest), 4711U);
    EXPECT_EQ(parse_start_time("12 (a) b) (c d)" + rest), 4711U);
    EXPECT_EQ(parse_start_time("12 (sh) S 1 2"), std::nullopt);
    EXPECT_EQ(parse_start_time(""), std::nullopt);
    EXPECT_EQ(parse_start_time("12 (sh)"), std::nullopt);
}

// A process that does nothing until it is killed.
class IdleProcess {
public:
    IdleProcess() : pid_(::fork()) {
        if (pid_ == 0) {
            while (true)
                ::pause();
        }
    }

    IdleProcess(const IdleProcess&) = delete;
    IdleProcess& operator=(const IdleProcess&) = delete;

    ~IdleProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    [[nodiscard]] pid_t pid() const { return pid_; }

    // What it ended with, if it has ended.
    [[nodiscard]] std::optional<int> signal_it_died_of() const {
        siginfo_t info{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
        return info.si_pid == 0 ? std::nullopt : std::optional<int>(info.si_status);
    }

private:
    pid_t pid_;
};

TEST(KillLeftover, EndsTheProcessThatWasMeant) {
    const IdleProcess process;
    const auto started = start_time_of(process.pid()).value();
    EXPECT_TRUE(kill_leftover(process.pid(), started, Deadline::in(Seconds(20))).value());
    EXPECT_EQ(process.signal_it_died_of(), SIGKILL);
}

TEST(KillLeftover, LeavesAProcessAloneThatGotTheNumberLater) {
    const IdleProcess process;
    const auto started = start_time_of(process.pid()).value();
    EXPECT_FALSE(kill_leftover(process.pid(), started - 1, Deadline::in(Seconds(20))).value());
    EXPECT_EQ(process.signal_it_died_of(), std::nullopt);
}

TEST(KillLeftover, IsContentWithAProcessThatIsGone) {
    pid_t gone = 0;
    std::uint64_t started = 0;
    {
        const IdleProcess process;
        gone = process.pid();
        started = start_time_of(gone).value();
    }
    EXPECT_FALSE(kill_leftover(gone, started, Deadline::in(Seconds(20))).value());
}

} // namespace
} // namespace squall::labhost::runtime
