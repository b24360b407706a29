#include "hosts/chore.h"

#include "squall/base/c_strings.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace squall::lab {
namespace {

// In the child, between fork and exec.
[[noreturn]] void become_chore(char* const* argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Its own group: what is meant for us on a terminal is not meant for it.
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDWR);
    if (nothing >= 0) {
        ::dup2(nothing, STDIN_FILENO);
        ::dup2(nothing, STDOUT_FILENO);
    }
    ::execv("/proc/self/exe", argv);
    ::_exit(127);
}

} // namespace

Chore::Chore(transport::Loop& loop,
             const std::string& instance_id,
             const std::vector<std::string>& command,
             std::function<void(int)> done)
    : done_(std::move(done)) {
    std::vector<std::string> words{"squall", "lab", "exec", instance_id, "--"};
    words.insert(words.end(), command.begin(), command.end());
    const auto argv = c_strings(words);
    child_ = ::fork();
    if (child_ == 0) become_chore(argv.data());
    if (child_ < 0) {
        child_ = 0;
        loop.post([done = done_] { done(-1); });
        return;
    }
    process_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child_, 0)));
    watch_.emplace(loop, process_.get(), [this] { ended(); });
}

Chore::~Chore() {
    watch_.reset();
    if (child_ == 0) return;
    ::kill(child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Chore::ended() {
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) != child_) return;
    child_ = 0;
    watch_.reset();
    const auto done = std::move(done_);
    done(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

} // namespace squall::lab
