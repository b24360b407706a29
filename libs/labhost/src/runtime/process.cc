#include "runtime/process.h"

#include "squall/base/file.h"
#include "squall/base/text.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace squall::labhost::runtime {
namespace {

constexpr std::size_t stat_file_max = 4096;

} // namespace

std::optional<std::uint64_t> parse_start_time(std::string_view stat) {
    // The second field, the program's name in brackets, may hold blanks and brackets itself.
    const std::size_t end_of_name = stat.rfind(')');
    if (end_of_name == std::string_view::npos || end_of_name + 2 > stat.size()) return std::nullopt;
    const auto fields = split(stat.substr(end_of_name + 2), ' ');
    constexpr std::size_t start_time_after_name = 19;
    if (fields.size() <= start_time_after_name) return std::nullopt;
    const auto ticks = to_integer(fields[start_time_after_name]);
    if (!ticks || *ticks < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*ticks);
}

Result<std::uint64_t> start_time_of(pid_t pid) {
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid), stat_file_max);
    if (!stat) return fail(stat.error());
    const auto ticks = parse_start_time(*stat);
    if (!ticks) return fail(Errc::failed, "/proc/{}/stat has no start time", pid);
    return *ticks;
}

Result<Fd> open_pidfd(pid_t pid) {
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd)
        return fail(errno == ESRCH ? Errc::not_found : Errc::failed,
                    "opening process {}: {}",
                    pid,
                    errno_text(errno));
    return pidfd;
}

Result<void> send_signal(const Fd& pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) != 0)
        return fail(errno == ESRCH ? Errc::not_found : Errc::failed,
                    "sending signal {}: {}",
                    signal,
                    errno_text(errno));
    return {};
}

Result<bool> kill_leftover(pid_t pid, std::uint64_t start_time, Deadline deadline) {
    const auto pidfd = open_pidfd(pid);
    if (!pidfd && pidfd.error().code == Errc::not_found) return false;
    if (!pidfd) return fail(pidfd.error());
    // Asked after the process is held: from here on its number cannot be given away.
    const auto started = start_time_of(pid);
    if (!started || *started != start_time) return false;
    const auto sent = send_signal(*pidfd, SIGKILL);
    if (!sent && sent.error().code == Errc::not_found) return false;
    if (!sent) return fail(sent.error());
    pollfd waited{pidfd->get(), POLLIN, 0};
    while (!deadline.passed()) {
        const auto left = std::min<Millis::rep>(deadline.left().count(), 1000);
        if (::poll(&waited, 1, static_cast<int>(left)) > 0) return true;
    }
    return fail(Errc::timed_out, "process {} was killed and is still there", pid);
}

} // namespace squall::labhost::runtime
