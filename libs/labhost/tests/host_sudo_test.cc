// sudo of a lab host, as a process of its own.
#include "init_live.h"

namespace squall::labhost {
namespace {

class Sudo : public init::LiveHost {
protected:
    void expect(const std::vector<std::string>& arguments, int code, const std::string& output) {
        const init::ToolResult result = tool("sudo", arguments);
        EXPECT_EQ(result.output, output) << join(arguments, " ");
        EXPECT_EQ(result.code, code) << join(arguments, " ");
    }
};

constexpr const char* usage =
    "usage: sudo [-nEH] [-u root] [--] [NAME=value]... command [argument]...\n";

TEST_F(Sudo, IsAToolByItsOwnName) { EXPECT_TRUE(is_tool_name("sudo")); }

TEST_F(Sudo, RunsTheCommandWithItsArgumentsAndItsExitCode) {
    expect({"echo", "-n", "a b"}, 0, "a b");
    expect({"sh", "-c", "echo out; exit 7"}, 7, "out\n");
    expect({"sh", "-c", "kill -KILL $$"}, 137, "");
}

TEST_F(Sudo, UnderstandsTheUsualOptionsBeforeTheCommandAlone) {
    expect({"-n", "-E", "-H", "-u", "root", "--", "echo", "-u", "x"}, 0, "-u x\n");
    expect({"-nEH", "--user=root", "-u#0", "echo", "yes"}, 0, "yes\n");
    expect({"--preserve-env=HOME", "--non-interactive", "--set-home", "true"}, 0, "");
}

TEST_F(Sudo, SetsTheVariablesThatStandBeforeTheCommand) {
    expect({"A=1", "B=two=2", "sh", "-c", "echo $A $B $0", "C=3"}, 0, "1 two=2 C=3\n");
    expect({"-n", "--", "A=1", "sh", "-c", "echo $A"}, 0, "1\n");
}

TEST_F(Sudo, RefusesOtherUsersAndWhatItDoesNotKnow) {
    expect({"-u", "ec2-user", "echo", "no"},
           1,
           "sudo: unknown user ec2-user: a lab host has root alone, who need not be named\n");
    expect({"-i"}, 1, fmt::format("sudo: invalid option -- 'i'\n{}", usage));
    expect({"--login"}, 1, fmt::format("sudo: unrecognized option '--login'\n{}", usage));
    expect({"no-such-program"}, 1, "sudo: no-such-program: command not found\n");
    expect({folder.path()},
           1,
           fmt::format("sudo: unable to execute {}: Permission denied\n", folder.path().string()));
}

TEST_F(Sudo, SaysItsUsageWithoutACommand) {
    expect({}, 1, usage);
    expect({"-n", "A=1"}, 1, usage);
    expect({"--help"}, 0, fmt::format("Sudo of a lab host, where everybody is root\n{}", usage));
}

TEST_F(Sudo, LetsTheCommandDieOfABrokenPipe) {
    // As main() has it for the whole program, and not for what it becomes.
    std::signal(SIGPIPE, SIG_IGN);
    const auto result = tool("sudo", {"sh", "-c", "grep SigIgn /proc/self/status"});
    std::signal(SIGPIPE, SIG_DFL);
    const auto ignored = std::stoul(result.output.substr(result.output.find(':') + 1), nullptr, 16);
    EXPECT_EQ(ignored & (1UL << (SIGPIPE - 1)), 0U) << result.output;
}

} // namespace
} // namespace squall::labhost
