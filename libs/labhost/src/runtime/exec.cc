#include "runtime/exec.h"

#include "runtime/blocked_signals.h"
#include "runtime/child_fds.h"
#include "runtime/process.h"
#include "runtime/program_search.h"
#include "signals.h"
#include "squall/base/c_strings.h"
#include "squall/base/file.h"
#include "squall/base/log.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace squall::labhost::runtime {
namespace {

constexpr std::size_t spec_text_max = 64U << 20U;
constexpr int not_started = 126;

// What the child has open, in the order of the numbers it shall have: 0, 1, 2, …
using ChildFds = std::array<int, 6>;

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become_exec(const ChildFds& fds, char* const* argv) {
    for (std::size_t i = 0; i < fds.size(); ++i) {
        if (::dup2(fds.at(i), static_cast<int>(i)) < 0) ::_exit(not_started);
    }
    ::syscall(SYS_close_range, fds.size(), ~0U, CLOSE_RANGE_CLOEXEC);
    std::array<char*, 1> no_environment{nullptr};
    ::execve("/proc/self/exe", argv, no_environment.data());
    ::_exit(not_started);
}

// A pipe whose reading end is ours and does not block.
Result<Pipe> make_reading_pipe() {
    auto pipe = make_pipe();
    if (!pipe) return pipe;
    ::fcntl(pipe->read_end.get(), F_SETFL, O_NONBLOCK);
    auto high = parked(pipe->write_end);
    if (!high) return fail(high.error());
    pipe->write_end = std::move(*high);
    return pipe;
}

void report(const std::string& why) {
    const std::string text =
        fmt::format("OCI runtime exec failed: exec failed: unable to start container process: {}: "
                    "unknown",
                    why);
    // Nobody listens any more if this fails.
    [[maybe_unused]] const ssize_t ignored = ::write(exec_fd::report, text.data(), text.size());
}

// In the container already. Returns only if it fails.
void become_program(const LaunchSpec& spec) {
    // Whoever waits for this program may be killed in its place.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::chdir(spec.working_directory.c_str()) != 0)
        return report(fmt::format("chdir {}: {}", spec.working_directory, errno_text(errno)));
    keep_only(spec.capabilities);
    const auto program = find_program(spec.argv.front(), spec.environment);
    if (!program) return report(program.error().message);
    const auto argv = c_strings(spec.argv);
    const auto environment = c_strings(spec.environment);
    ::execve(program->c_str(), argv.data(), environment.data());
    report(fmt::format("exec {}: {}", *program, errno_text(errno)));
}

Result<int> exec_and_wait() {
    for (const int fd : {exec_fd::spec, exec_fd::container, exec_fd::report})
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    const auto text = read_file(fmt::format("/proc/self/fd/{}", exec_fd::spec), spec_text_max);
    if (!text) return fail(text.error());
    const auto spec = parse_launch_spec(*text);
    if (!spec) return fail(spec.error());
    if (::setns(exec_fd::container,
                CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC)
        != 0)
        return fail(Errc::failed, "entering its namespaces: {}", errno_text(errno));
    // Only a child is a process of the new PID namespace.
    const pid_t child = ::fork();
    if (child < 0) return fail(Errc::failed, "starting a process: {}", errno_text(errno));
    if (child == 0) {
        become_program(*spec);
        ::_exit(not_started);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace

Result<ExecProcess> exec_in_container(const LaunchSpec& spec, const Fd& container) {
    auto text = text_as_file(to_text(spec));
    if (!text) return fail(text.error());
    auto input = open_nothing();
    auto held = parked(container);
    auto output = make_reading_pipe();
    auto reported = make_reading_pipe();
    if (!input || !held || !output || !reported)
        return fail(Errc::failed, "making pipes: {}", errno_text(errno));
    const ChildFds fds{input->get(),
                       output->write_end.get(),
                       output->write_end.get(),
                       text->get(),
                       held->get(),
                       reported->write_end.get()};
    std::string program = "squall";
    std::string group = "lab-host";
    std::string role = "container-exec";
    const std::array<char*, 4> argv{program.data(), group.data(), role.data(), nullptr};
    ExecProcess process;
    {
        const BlockedSignals blocked;
        process.pid = ::fork();
        if (process.pid == 0) become_exec(fds, argv.data());
    }
    if (process.pid < 0) return fail(Errc::failed, "starting a process: {}", errno_text(errno));
    auto pidfd = open_pidfd(process.pid);
    if (!pidfd) {
        ::kill(process.pid, SIGKILL);
        ::waitpid(process.pid, nullptr, 0);
        return fail(pidfd.error());
    }
    process.pidfd = std::move(*pidfd);
    process.output = std::move(output->read_end);
    process.report = std::move(reported->read_end);
    return process;
}

int run_container_exec(const std::vector<std::string>& arguments) {
    if (!arguments.empty() || ::fcntl(exec_fd::report, F_GETFD) < 0) {
        log::print("squall: 'container-exec' is a step of dockerd's and not for people\n");
        return 64;
    }
    reset_signals();
    const auto code = exec_and_wait();
    if (!code) report(code.error().message);
    // A process whose children belong to another PID namespace can start no thread, and what is
    // done at an orderly exit (a leak check, say) might want one: it ends here.
    ::_exit(code.value_or(not_started));
}

} // namespace squall::labhost::runtime
