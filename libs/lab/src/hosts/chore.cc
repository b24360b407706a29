#include "hosts/chore.h"

#include "squall/base/c_strings.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace squall::lab {
namespace {

// In the child, between fork and exec.
[[noreturn]] void become_chore(char* const* argv, int input, int output) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Its own group: what is meant for us on a terminal is not meant for it.
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execv("/proc/self/exe", argv);
    ::_exit(127);
}

// A file without a name, with this in it, to be read from its beginning. Nobody has to feed it.
Fd memory_file(std::string_view content) {
    Fd file(::memfd_create("chore", MFD_CLOEXEC));
    while (file && !content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written <= 0) return Fd();
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (file) ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::string content_of(const Fd& file) {
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    const auto wanted =
        std::min(static_cast<std::size_t>(std::max<off_t>(0, size)), Chore::output_max);
    std::string content(wanted, '\0');
    const ssize_t got = ::pread(
        file.get(), content.data(), wanted, static_cast<off_t>(size) - static_cast<off_t>(wanted));
    content.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    return content;
}

} // namespace

Chore::Chore(transport::Loop& loop,
             const std::string& instance_id,
             const std::vector<std::string>& command,
             std::function<void(Ended)> done,
             const std::string& input)
    : done_(std::move(done)), output_(memory_file({})) {
    std::vector<std::string> words{"squall", "lab", "exec", instance_id, "--"};
    words.insert(words.end(), command.begin(), command.end());
    const auto argv = c_strings(words);
    const Fd given = memory_file(input);
    child_ = given && output_ ? ::fork() : -1;
    if (child_ == 0) become_chore(argv.data(), given.get(), output_.get());
    if (child_ < 0) {
        child_ = 0;
        loop.post([done = done_] { done({-1, {}}); });
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
    done({WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(output_)});
}

} // namespace squall::lab
