#include "process.h"

#include "squall/base/log.h"
#include "squall/base/time_text.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace squall::host_app {

Fd signals_to_end() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&ours, number);
    ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return Fd(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
}

Result<std::optional<WallTime>> end_of(std::optional<std::int64_t> duration_s,
                                       std::optional<std::int64_t> until) {
    const WallTime now = Wall::now();
    std::optional<WallTime> end;
    if (duration_s) end = now + Seconds(*duration_s);
    if (until) {
        const auto last = from_epoch_seconds(static_cast<double>(*until));
        end = std::min(end.value_or(last), last);
    }
    if (end && *end <= now)
        return fail(Errc::refused, "its time was over at {}", rfc3339_seconds(*end));
    return end;
}

std::optional<SteadyTime> steady_of(std::optional<WallTime> end) {
    if (!end) return std::nullopt;
    return Steady::now() + std::chrono::duration_cast<Millis>(*end - Wall::now());
}

void take_signal(int fd) {
    signalfd_siginfo info{};
    static_cast<void>(::read(fd, &info, sizeof info));
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

bool has_ended(pid_t pid, Deadline until) {
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (process) {
        pollfd watched{process.get(), POLLIN, 0};
        return ::poll(&watched, 1, static_cast<int>(until.left().count())) != 0;
    }
    if (errno == ESRCH) return true;
    // A kernel before 5.3.
    while (::kill(pid, 0) == 0 && !until.passed())
        ::poll(nullptr, 0, 20);
    return ::kill(pid, 0) != 0;
}

void tell(int fd, const json::Object& object) {
    const std::string line = json::text(object) + "\n";
    static_cast<void>(::write(fd, line.data(), line.size()));
}

json::Object members_of(const json::Object& object, std::initializer_list<const char*> names) {
    json::Object kept;
    for (const char* name : names) {
        if (const auto* member = object.if_contains(name)) kept[name] = *member;
    }
    return kept;
}

int complain(const Error& error) {
    log::print("squall-host: {}\n", error.message);
    return error.code == Errc::invalid_input ? exit_usage : exit_failed;
}

} // namespace squall::host_app
