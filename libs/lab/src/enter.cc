#include "enter.h"

#include "squall/base/log.h"

#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace squall::lab {
namespace {

constexpr std::array passed_on{SIGINT, SIGQUIT, SIGTERM, SIGHUP};

sigset_t passed_on_set() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : passed_on)
        sigaddset(&set, number);
    return set;
}

// In the child: becomes a process of the host and runs the command.
[[noreturn]] void become_command(const std::vector<std::string>& command, const sigset_t& mask) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<char*> argv;
    argv.reserve(command.size() + 1);
    for (const auto& word : command)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const char* terminal = std::getenv("TERM");
    const std::vector<std::string> environment{
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "LANG=C.UTF-8",
        fmt::format("TERM={}", terminal == nullptr ? "dumb" : terminal)};
    std::vector<char*> variables;
    variables.reserve(environment.size() + 1);
    for (const auto& variable : environment)
        variables.push_back(const_cast<char*>(variable.c_str()));
    variables.push_back(nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (::chdir("/") != 0) ::_exit(126);
    // The PATH that counts is the host's.
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this process has no other thread after its fork
    ::setenv("PATH", environment.front().c_str() + 5, 1);
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    ::execvpe(argv[0], argv.data(), variables.data());
    const int number = errno;
    log::print("squall: {}: {}\n", command.front(), errno_text(number));
    std::fflush(stderr);
    ::_exit(number == ENOENT ? 127 : 126);
}

// The lab of an ordinary user has a user namespace, which comes with the others and is where its
// rights are from; that of root has none.
Result<void> enter_namespaces(const Fd& process) {
    constexpr int all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;
    // Root's groups are nothing for a host. An ordinary user cannot shed any, nor gain by them.
    [[maybe_unused]] const int ignored = ::setgroups(0, nullptr);
    if (::setns(process.get(), all | CLONE_NEWUSER) == 0) {
        // Whoever we were, here we are the lab's root.
        if (::setresgid(0, 0, 0) == 0 && ::setresuid(0, 0, 0) == 0) return {};
    } else if (errno == EINVAL) {
        // That is how the kernel says that we are in this user namespace already.
        if (::setns(process.get(), all) == 0) return {};
    }
    return fail(Errc::denied, "{}", errno_text(errno));
}

// Until the child has ended.
void pass_signals_on(pid_t child, const Fd& child_fd, const Fd& signals) {
    std::array<pollfd, 2> watched{pollfd{child_fd.get(), POLLIN, 0},
                                  pollfd{signals.get(), POLLIN, 0}};
    while (true) {
        if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
        if (watched[0].revents != 0) return;
        signalfd_siginfo info{};
        if (watched[1].revents == 0 || ::read(signals.get(), &info, sizeof info) != sizeof info)
            continue;
        // What a terminal sent, it sent to the child as well.
        if (info.ssi_code != SI_KERNEL) ::kill(child, static_cast<int>(info.ssi_signo));
    }
}

} // namespace

Result<int>
run_inside(const Fd& process, const std::string& name, const std::vector<std::string>& command) {
    if (auto entered = enter_namespaces(process); !entered) {
        return fail(Errc::denied,
                    "entering {}: {}; it needs the rights that the lab was started with",
                    name,
                    entered.error().message);
    }
    const sigset_t blocked = passed_on_set();
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const Fd signals(::signalfd(-1, &blocked, SFD_CLOEXEC));
    const pid_t child = ::fork();
    if (child < 0)
        return fail(Errc::failed, "starting a process in {}: {}", name, errno_text(errno));
    if (child == 0) become_command(command, before);
    const Fd child_fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    if (child_fd && signals) pass_signals_on(child, child_fd, signals);
    int code = 0;
    while (::waitpid(child, &code, 0) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return WIFSIGNALED(code) ? 128 + WTERMSIG(code) : WEXITSTATUS(code);
}

} // namespace squall::lab
