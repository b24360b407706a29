#include "runtime/launch.h"

#include "runtime/blocked_signals.h"
#include "runtime/child_fds.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace squall::labhost::runtime {
namespace {

constexpr std::size_t report_max = 64U << 10U;

// What the child has open, in the order of the numbers it shall have: 0, 1, 2, …
using ChildFds = std::array<int, 6>;

struct OutputPipe {
    Fd read_end;  // ours
    Fd write_end; // the child's; reads too
};

Result<OutputPipe> make_output_pipe() {
    auto pipe = make_pipe();
    if (!pipe) return fail(pipe.error());
    ::fcntl(pipe->read_end.get(), F_SETFL, O_NONBLOCK);
    // Opened for both, the pipe never loses its last reader: a container whose dockerd has died
    // waits when the pipe is full, and gets no SIGPIPE.
    Fd both(
        ::open(fmt::format("/proc/self/fd/{}", pipe->write_end.get()).c_str(), O_RDWR | O_CLOEXEC));
    if (!both) return fail(Errc::failed, "opening a pipe again: {}", errno_text(errno));
    auto high = parked(both);
    if (!high) return fail(high.error());
    return OutputPipe{std::move(pipe->read_end), std::move(*high)};
}

// Between clone and exec: async-signal-safe calls only. Signals are blocked; the setup step opens
// them again.
[[noreturn]] void become_setup(const ChildFds& fds, int join_network, char* const* argv) {
    constexpr int failed = 125;
    if (join_network >= 0 && ::setns(join_network, CLONE_NEWNET) != 0) ::_exit(failed);
    for (std::size_t i = 0; i < fds.size(); ++i) {
        if (::dup2(fds.at(i), static_cast<int>(i)) < 0) ::_exit(failed);
    }
    // Whatever else is open here (sockets of clients, other containers' output) is not theirs.
    ::syscall(SYS_close_range, fds.size(), ~0U, CLOSE_RANGE_CLOEXEC);
    std::array<char*, 1> no_environment{nullptr};
    ::execve("/proc/self/exe", argv, no_environment.data());
    ::_exit(failed);
}

// A fork into new namespaces. The system call itself, because the C library's wrapper cannot return
// twice on one stack; the order of its arguments is the same on x86_64 and aarch64 up to the third.
pid_t fork_into(unsigned long namespaces, int& pidfd) {
    const unsigned long flags = namespaces | CLONE_PIDFD | static_cast<unsigned long>(SIGCHLD);
    return static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, nullptr));
}

} // namespace

Result<LaunchedProcess>
launch(const LaunchSpec& spec, std::optional<int> join_network, bool new_network) {
    auto text = text_as_file(to_text(spec));
    if (!text) return fail(text.error());
    auto input = open_nothing();
    auto output = make_output_pipe();
    auto errors = make_output_pipe();
    auto control = make_pipe();
    auto report = make_pipe();
    if (!input || !output || !errors || !control || !report)
        return fail(Errc::failed, "making pipes: {}", errno_text(errno));
    const auto control_read = parked(control->read_end);
    const auto report_write = parked(report->write_end);
    if (!control_read || !report_write)
        return fail(Errc::failed, "making pipes: {}", errno_text(errno));
    const ChildFds fds{input->get(),
                       output->write_end.get(),
                       errors->write_end.get(),
                       text->get(),
                       control_read->get(),
                       report_write->get()};
    std::string program = "squall";
    std::string group = "lab-host";
    std::string role = "container";
    const std::array<char*, 4> argv{program.data(), group.data(), role.data(), nullptr};

    LaunchedProcess launched;
    unsigned long namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
    if (new_network) namespaces |= CLONE_NEWNET;
    int pidfd = -1;
    {
        const BlockedSignals blocked;
        launched.pid_ = fork_into(namespaces, pidfd);
        if (launched.pid_ == 0) become_setup(fds, join_network.value_or(-1), argv.data());
        if (launched.pid_ < 0)
            return fail(Errc::failed, "making namespaces: {}", errno_text(errno));
    }
    launched.pidfd_ = Fd(pidfd);
    launched.control_ = std::move(control->write_end);
    launched.report_ = std::move(report->read_end);
    launched.output_ = std::move(output->read_end);
    launched.errors_ = std::move(errors->read_end);
    return launched;
}

LaunchedProcess::~LaunchedProcess() {
    if (released_ || !control_) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Result<Fd> LaunchedProcess::network_namespace() const {
    const std::string path = fmt::format("/proc/{}/ns/net", pid_);
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail(Errc::failed, "opening {}: {}", path, errno_text(errno));
    return fd;
}

Result<void, StartFailure> LaunchedProcess::release(Deadline deadline) {
    const char go = 'g';
    // Where nobody is left to hear it, the report says why.
    [[maybe_unused]] const ssize_t ignored = ::write(control_.get(), &go, 1);
    std::string said;
    pollfd waited{report_.get(), POLLIN, 0};
    while (said.size() < report_max) {
        const auto left = std::min<Millis::rep>(deadline.left().count(), 1000);
        if (::poll(&waited, 1, static_cast<int>(left)) <= 0) {
            if (deadline.passed())
                return fail(StartFailure{128, "the setup step did not end in time"});
            continue;
        }
        std::array<char, 4096> chunk{};
        const ssize_t got = ::read(report_.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        said.append(chunk.data(), static_cast<std::size_t>(got));
    }
    // One byte and then nothing: the program was started, which closed the pipe.
    if (said.size() != 1) return fail(parse_start_failure(said.substr(said.empty() ? 0 : 1)));
    released_ = true;
    return {};
}

} // namespace squall::labhost::runtime
