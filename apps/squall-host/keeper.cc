#include "keeper.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

namespace squall::host_app {
namespace {

// Nothing but the pipe, and what `after` may have to say.
void close_all_but(int kept) {
    const auto number = static_cast<unsigned>(kept);
    if (::syscall(SYS_close_range, STDERR_FILENO + 1U, number - 1, 0) == 0
        && ::syscall(SYS_close_range, number + 1, UINT_MAX, 0) == 0)
        return;
    for (int fd = STDERR_FILENO + 1; fd < static_cast<int>(::sysconf(_SC_OPEN_MAX)); ++fd) {
        if (fd != kept) ::close(fd);
    }
}

int millis_until(SteadyTime when) {
    const auto left = std::chrono::ceil<Millis>(when - Steady::now()).count();
    return static_cast<int>(std::clamp<Millis::rep>(left, 0, INT_MAX));
}

// The pipe is closed while its last words are on their way; those of redirected connections need
// the rules that are to be removed.
void wait_for_the_end_of(pid_t parent) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGUSR1);
    constexpr timespec end_max{5, 0};
    while (::getppid() == parent) {
        if (::sigtimedwait(&ended, nullptr, &end_max) < 0 && errno == EAGAIN) return;
    }
}

} // namespace

void Keeper::keep(int pipe, pid_t parent, const std::function<void(int note)>& after) {
    ::setsid(); // what is pressed on a keyboard is not for us
    static_cast<void>(::prctl(PR_SET_NAME, name));
    sigset_t of_parent;
    sigemptyset(&of_parent);
    sigaddset(&of_parent, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &of_parent, nullptr);
    static_cast<void>(::prctl(PR_SET_PDEATHSIG, SIGUSR1));
    close_all_but(pipe); // by which the parent knows that we are ready
    Message last;
    for (;;) {
        pollfd watched{pipe, POLLIN, 0};
        const SteadyTime end{SteadyTime::duration(last.kill_at)};
        const int ready = ::poll(&watched, 1, last.kill_at != 0 ? millis_until(end) : -1);
        if (ready < 0 && errno == EINTR) continue;
        if (ready == 0) {
            // It is still our parent, so this is still its number.
            if (::getppid() == parent) ::kill(parent, SIGKILL);
            last.kill_at = 0; // its end closes the pipe
            continue;
        }
        Message next;
        if (::read(pipe, &next, sizeof next) != sizeof next) break;
        last = next;
    }
    wait_for_the_end_of(parent);
    after(last.note);
    ::_exit(0);
}

Result<Keeper> Keeper::start(const std::function<void(int note)>& after) {
    auto pipe = make_pipe();
    if (!pipe) return fail(pipe.error());
    auto ready = make_pipe();
    if (!ready) return fail(ready.error());
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return fail(Errc::failed, "starting a second process: {}", errno_text(errno));
    if (child == 0) {
        pipe->write_end.reset();
        keep(pipe->read_end.get(), parent, after);
    }
    // One that is stopped before it has its name would not be known by it.
    ready->write_end.reset();
    char nothing = 0;
    while (::read(ready->read_end.get(), &nothing, 1) < 0 && errno == EINTR) {
    }
    return Keeper(std::move(pipe->write_end), child);
}

void Keeper::note(int note) {
    message_.note = note;
    send();
}

void Keeper::kill_at(SteadyTime when) {
    message_.kill_at = when.time_since_epoch().count();
    send();
}

void Keeper::send() const { static_cast<void>(::write(pipe_.get(), &message_, sizeof message_)); }

} // namespace squall::host_app
