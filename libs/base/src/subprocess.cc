#include "squall/base/subprocess.h"

#include "squall/base/c_strings.h"
#include "squall/base/fd.h"
#include "squall/base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace squall {
namespace {

struct Pipes {
    Pipe input;
    Pipe output;
    Pipe errors;
    Pipe started; // carries errno when exec fails; closed by a successful exec
};

Result<Pipes> make_pipes() {
    auto input = make_pipe();
    auto output = make_pipe();
    auto errors = make_pipe();
    auto started = make_pipe();
    if (!input || !output || !errors || !started)
        return fail(Errc::failed, "making pipes: {}", errno_text(errno));
    return Pipes{std::move(*input), std::move(*output), std::move(*errors), std::move(*started)};
}

// Between fork and exec only async-signal-safe calls are allowed: other threads may hold any lock.
[[noreturn]] void
become(char* const* argv, char* const* environment, const Pipes& pipes, int network_namespace) {
    const auto give_up = [&] {
        const int number = errno;
        [[maybe_unused]] const ssize_t ignored =
            ::write(pipes.started.write_end.get(), &number, sizeof number);
        ::_exit(127);
    };
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::setpgid(0, 0);
    if (::dup2(pipes.input.read_end.get(), STDIN_FILENO) < 0) give_up();
    if (::dup2(pipes.output.write_end.get(), STDOUT_FILENO) < 0) give_up();
    if (::dup2(pipes.errors.write_end.get(), STDERR_FILENO) < 0) give_up();
    if (network_namespace >= 0 && ::setns(network_namespace, CLONE_NEWNET) != 0) give_up();
    ::execvpe(argv[0], argv, environment);
    give_up();
    ::_exit(127);
}

// Reads what is there; true at the end of the stream.
bool drain(int fd, std::string& into) {
    std::array<char, 16384> chunk{};
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0) return errno != EINTR && errno != EAGAIN;
    const std::size_t room = command_output_max - std::min(command_output_max, into.size());
    into.append(chunk.data(), std::min(room, static_cast<std::size_t>(got)));
    return got == 0;
}

// Feeds input and reads output until both outputs are closed; false when time or patience ran out.
bool exchange(const Command& command,
              Pipes& pipes,
              Finished& finished,
              Deadline deadline,
              const std::stop_token& stop) {
    std::size_t sent = 0;
    ::fcntl(pipes.input.write_end.get(), F_SETFL, O_NONBLOCK);
    if (command.input.empty()) pipes.input.write_end.reset();
    while (pipes.output.read_end || pipes.errors.read_end) {
        if (deadline.passed() || stop.stop_requested()) return false;
        std::array<pollfd, 3> waited{pollfd{pipes.output.read_end.get(), POLLIN, 0},
                                     pollfd{pipes.errors.read_end.get(), POLLIN, 0},
                                     pollfd{pipes.input.write_end.get(), POLLOUT, 0}};
        // A stop request has no file descriptor: look at it ten times a second.
        const int wait_ms = static_cast<int>(std::min<Millis::rep>(deadline.left().count(), 100));
        if (::poll(waited.data(), waited.size(), wait_ms) < 0 && errno != EINTR) return false;
        if (waited[0].revents != 0 && drain(pipes.output.read_end.get(), finished.output))
            pipes.output.read_end.reset();
        if (waited[1].revents != 0 && drain(pipes.errors.read_end.get(), finished.errors))
            pipes.errors.read_end.reset();
        if (waited[2].revents != 0) {
            const ssize_t written = ::write(pipes.input.write_end.get(),
                                            command.input.data() + sent,
                                            command.input.size() - sent);
            if (written > 0) sent += static_cast<std::size_t>(written);
            if (sent == command.input.size() || (written < 0 && errno != EAGAIN && errno != EINTR))
                pipes.input.write_end.reset();
        }
    }
    return true;
}

bool has_exited(pid_t pid) {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0
           && info.si_pid == pid;
}

// Waits for the process through its pidfd, so that a child that closed its outputs early cannot
// hold us for ever. Kernels before 5.3 (Amazon Linux 2's 4.14) have none: there it is asked for.
bool wait_for_exit(pid_t pid, int pidfd, Deadline deadline, const std::stop_token& stop) {
    constexpr int ask_again_ms = 5;
    while (!deadline.passed() && !stop.stop_requested()) {
        if (pidfd < 0) {
            if (has_exited(pid)) return true;
            ::poll(nullptr, 0, ask_again_ms);
            continue;
        }
        pollfd waited{pidfd, POLLIN, 0};
        const int wait_ms = static_cast<int>(std::min<Millis::rep>(deadline.left().count(), 100));
        if (::poll(&waited, 1, wait_ms) > 0) return true;
    }
    return false;
}

int exit_code_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace

Result<Finished> run(const Command& command, Deadline deadline, std::stop_token stop) {
    SQUALL_ASSERT(!command.argv.empty());
    auto pipes = make_pipes();
    if (!pipes) return fail("starting " + command.argv.front(), pipes.error());
    const auto argv = c_strings(command.argv);
    std::vector<char*> given;
    if (command.environment) given = c_strings(*command.environment);
    char* const* environment = command.environment ? given.data() : environ;

    const pid_t pid = ::fork();
    if (pid < 0)
        return fail(Errc::failed, "starting {}: {}", command.argv.front(), errno_text(errno));
    if (pid == 0) become(argv.data(), environment, *pipes, command.network_namespace.value_or(-1));
    ::setpgid(pid, pid); // here too: whichever of the two comes first
    const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pipes->input.read_end.reset();
    pipes->output.write_end.reset();
    pipes->errors.write_end.reset();
    pipes->started.write_end.reset();

    Finished finished;
    int exec_error = 0;
    ssize_t got = 0;
    do
        got = ::read(pipes->started.read_end.get(), &exec_error, sizeof exec_error);
    while (got < 0 && errno == EINTR);
    const bool started = got == 0;
    const bool ended = started && exchange(command, *pipes, finished, deadline, stop)
                       && wait_for_exit(pid, pidfd.get(), deadline, stop);
    if (!ended) ::kill(-pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!started)
        return fail(exec_error == ENOENT ? Errc::not_found : Errc::failed,
                    "starting {}: {}",
                    command.argv.front(),
                    errno_text(exec_error));
    if (!ended && stop.stop_requested())
        return fail(Errc::interrupted, "{} was stopped before it ended", command.argv.front());
    if (!ended)
        return fail(Errc::timed_out, "{} did not end in time and was killed", command.argv.front());
    finished.exit_code = exit_code_of(status);
    return finished;
}

Result<std::string> run_checked(const Command& command, Deadline deadline, std::stop_token stop) {
    auto finished = run(command, deadline, std::move(stop));
    if (!finished) return fail(finished.error());
    if (finished->exit_code != 0) {
        return fail(Errc::failed,
                    "'{}' ended with {}: {}",
                    join(command.argv, " "),
                    finished->exit_code,
                    trimmed(finished->errors.empty() ? finished->output : finished->errors));
    }
    return std::move(finished->output);
}

} // namespace squall
