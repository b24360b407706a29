// The real init, with real processes, under a folder of its own: for tests. It is a child of the
// test and a subreaper; the tools are run as they are, in children too.
#pragma once

#include "init/control.h"
#include "squall/base/clock.h"
#include "squall/base/fd.h"
#include "squall/base/file.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/labhost/roles.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace squall::labhost::init {

// Nothing here should take a second; this long is a hang.
inline constexpr Seconds hang_guard{30};

struct ToolResult {
    int code = -1;
    std::string output; // both streams, in their order
};

class LiveHost : public testing::Test {
public:
    ~LiveHost() override {
        if (pid > 0) (void)shut_down();
    }

protected:
    LiveHost() {
        std::filesystem::create_directories(root / "etc/systemd/system");
        events_path = root / "events";
        if (::mkfifo(events_path.c_str(), 0600) != 0) std::abort();
        events_ = Fd(::open(events_path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    }

    void put(const std::string& name, const std::string& text) {
        ASSERT_TRUE(write_file(root / "etc/systemd/system" / name, text));
    }

    void enable(const std::string& name) {
        const Path wants = root / "etc/systemd/system/multi-user.target.wants";
        std::filesystem::create_directories(wants);
        std::filesystem::create_symlink("/etc/systemd/system/" + name, wants / name);
    }

    // A command for a unit file: says `what` to events().
    [[nodiscard]] std::string say(const std::string& what) const {
        return fmt::format("echo {} > {}", what, events_path.string());
    }

    void boot() {
        auto ready = make_pipe();
        ASSERT_TRUE(ready);
        pid = ::fork();
        if (pid == 0) {
            // The other end is the parent's alone; this one init writes to, and closes.
            ::fcntl(ready->write_end.get(), F_SETFD, 0);
            ::setenv("SQUALL_READY_FD",
                     std::to_string(ready->write_end.get()).c_str(),
                     1); // NOLINT(concurrency-mt-unsafe): one thread
            ::_exit(run_role("init", {"--root", root.string()}));
        }
        ready->write_end.reset();
        ASSERT_EQ(read_until(ready->read_end.get(),
                             [](const std::string& text) { return text.ends_with('\n'); }),
                  "ready\n");
    }

    // Asks init to end, and returns its exit code.
    int shut_down() {
        ::kill(pid, SIGTERM);
        const int code = wait_for(std::exchange(pid, 0));
        return code;
    }

    ToolResult tool(const std::string& name, const std::vector<std::string>& arguments) {
        auto output = make_pipe();
        EXPECT_TRUE(output);
        std::fflush(stdout);
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(output->write_end.get(), STDOUT_FILENO);
            ::dup2(output->write_end.get(), STDERR_FILENO);
            ::setenv("SQUALL_INIT_SOCKET",
                     socket_path().c_str(),
                     1); // NOLINT(concurrency-mt-unsafe): one thread
            const int code = run_role(name, arguments);
            std::fflush(stdout);
            ::_exit(code);
        }
        output->write_end.reset();
        ToolResult result;
        result.output =
            read_until(output->read_end.get(), [](const std::string&) { return false; });
        result.code = wait_for(child);
        return result;
    }

    ToolResult systemctl(const std::string& arguments) {
        return tool("systemctl", split(arguments, ' '));
    }

    // One property of a unit.
    std::string show(const std::string& unit, const std::string& property) {
        return std::string(
            trimmed(tool("systemctl", {"show", unit, "--value", "-p", property}).output));
    }

    // The next thing that a unit said.
    std::string next_event() {
        const auto line = [&] {
            return pending_.find('\n') != std::string::npos;
        };
        if (!line())
            pending_ += read_until(events_.get(), [](const std::string& text) {
                return text.find('\n') != std::string::npos;
            });
        const auto [event, rest] = split_once(pending_, '\n');
        std::string result(event);
        pending_ = std::string(rest);
        return result;
    }

    // Looks until it is so. No pause is needed: each look runs a program.
    static bool eventually(const std::function<bool()>& is_so) {
        const Deadline deadline = Deadline::in(hang_guard);
        while (!deadline.passed())
            if (is_so()) return true;
        return false;
    }

    [[nodiscard]] std::string socket_path() const {
        return root.string() + std::string(control_socket);
    }

    const TemporaryFolder folder;
    const Path& root = folder.path();
    Path events_path;
    pid_t pid = 0;

private:
    // Reads until `enough`, the end, or the hang guard.
    static std::string read_until(int fd, const std::function<bool(const std::string&)>& enough) {
        const Deadline deadline = Deadline::in(hang_guard);
        std::string text;
        while (!enough(text)) {
            pollfd waited{fd, POLLIN, 0};
            const int left = static_cast<int>(deadline.left().count());
            if (::poll(&waited, 1, left) <= 0) return text + "<nothing more came>";
            std::array<char, 4096> chunk{};
            const ssize_t got = ::read(fd, chunk.data(), chunk.size());
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (got <= 0) break;
            text.append(chunk.data(), static_cast<std::size_t>(got));
        }
        return text;
    }

    static int wait_for(pid_t child) {
        int status = 0;
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    Fd events_;
    std::string pending_;
};

} // namespace squall::labhost::init
