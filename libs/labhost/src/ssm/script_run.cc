#include "ssm/script_run.h"

#include "squall/base/text.h"
#include "ssm/output_limit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace squall::labhost {
namespace {

constexpr int exit_success_skip_rest = 168;
constexpr int exit_killed = 137;
constexpr int exit_reboot = 194;

Result<Path> write_script(const ScriptSpec& spec) {
    if (auto made = make_directories(spec.folder, 0700); !made) return fail(made.error());
    const Path file = spec.folder / "_script.sh";
    if (auto written = write_file(file, join(spec.lines, "\n") + "\n", 0700); !written)
        return fail(written.error());
    return file;
}

// Between fork and exec: only calls that are safe there.
[[noreturn]] void become_script(
    const char* file, const char* folder, char* const* environment, int output, int errors) {
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    if (folder[0] != '\0' && ::chdir(folder) != 0) ::_exit(1); // looked at before
    ::execle("/bin/sh", "sh", "-c", file, nullptr, environment);
    ::_exit(127);
}

// How the real agent, a Go program, words the end of a process.
std::string end_in_words(int wait_status) {
    if (!WIFSIGNALED(wait_status)) return fmt::format("exit status {}", WEXITSTATUS(wait_status));
    const char* name = ::sigdescr_np(WTERMSIG(wait_status));
    return "signal: " + lower(name == nullptr ? "unknown" : name);
}

Result<void> check_folder(const std::string& folder) {
    struct stat found {};

    if (folder.empty() || (::stat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode)))
        return {};
    const int number = S_ISREG(found.st_mode) ? ENOTDIR : ENOENT;
    return fail(Errc::not_found, "chdir {}: {}", folder, lower(errno_text(number)));
}

} // namespace

std::string status_of_exit(int exit_code, bool cancelled) {
    if (exit_code == 0 || exit_code == exit_success_skip_rest) return "Success";
    if (exit_code == exit_killed) return cancelled ? "Cancelled" : "TimedOut";
    return "Failed";
}

ScriptRun::ScriptRun(transport::Loop& loop,
                     const ScriptSpec& spec,
                     std::function<void(ScriptResult)> done)
    : loop_(loop), done_(std::move(done)), timeout_(loop) {
    result_.started_at = Wall::now();
    start(spec);
}

// An agent that ends leaves its scripts to themselves, as the real one does.
ScriptRun::~ScriptRun() = default;

void ScriptRun::start(const ScriptSpec& spec) {
    if (auto checked = check_folder(spec.working_directory); !checked)
        return not_started(checked.error().message);
    const auto file = write_script(spec);
    auto output = make_pipe();
    auto errors = make_pipe();
    if (!file || !output || !errors) return not_started(file ? "no pipes" : file.error().message);
    std::vector<char*> environment;
    for (const auto& variable : spec.environment)
        environment.push_back(const_cast<char*>(variable.c_str()));
    environment.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0)
        become_script(file->c_str(),
                      spec.working_directory.c_str(),
                      environment.data(),
                      output->write_end.get(),
                      errors->write_end.get());
    if (pid_ < 0) return not_started(errno_text(errno));
    ::setpgid(pid_, pid_);
    pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    output_ = std::move(output->read_end);
    errors_ = std::move(errors->read_end);
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(errors_.get(), F_SETFL, O_NONBLOCK);
    output_watch_.emplace(loop_, output_.get(), [this] {
        drain(output_, result_.standard_output, standard_output_max);
    });
    error_watch_.emplace(loop_, errors_.get(), [this] {
        drain(errors_, result_.standard_error, standard_error_max);
    });
    exit_watch_.emplace(loop_, pidfd_.get(), [this] { ended(); });
    timeout_.start(spec.timeout, [this] { kill_group(); });
}

void ScriptRun::drain(const Fd& from, std::string& into, std::size_t limit) {
    std::array<char, 16384> chunk{};
    while (true) {
        const ssize_t got = ::read(from.get(), chunk.data(), chunk.size());
        if (got > 0) {
            // One character more than the limit tells that there was more.
            const std::size_t room = limit + 1 - std::min(limit + 1, into.size());
            into.append(chunk.data(), std::min(room, static_cast<std::size_t>(got)));
            continue;
        }
        if (got == 0) {
            (&from == &output_ ? output_watch_ : error_watch_).reset();
            look_whether_over();
        }
        return;
    }
}

void ScriptRun::cancel() {
    cancelled_ = true;
    kill_group();
}

void ScriptRun::not_started(const std::string& why) {
    result_.standard_error = "failed to run commands: " + why;
    loop_.post([this] { finish("Failed", 1); });
}

void ScriptRun::kill_group() {
    if (pid_ <= 0 || !done_) return;
    killed_ = ::kill(-pid_, SIGKILL) == 0;
    if (killed_) return look_whether_over();
    // Nobody of the group is left: what keeps the script in progress is out of reach.
    result_.standard_error += "failed to run commands: " + lower(errno_text(errno));
    finish("Failed", 1);
}

void ScriptRun::ended() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
    exit_watch_.reset();
    wait_status_ = status;
    if (output_watch_) drain(output_, result_.standard_output, standard_output_max);
    if (error_watch_) drain(errors_, result_.standard_error, standard_error_max);
    look_whether_over();
}

void ScriptRun::look_whether_over() {
    if (!done_ || !wait_status_) return;
    if (killed_) return finish(status_of_exit(exit_killed, cancelled_), exit_killed);
    if (output_watch_ || error_watch_) return;
    const int code = WIFSIGNALED(*wait_status_) ? -1 : WEXITSTATUS(*wait_status_);
    const std::string status = status_of_exit(code, cancelled_);
    if (status == "Failed" && code != exit_reboot)
        result_.standard_error += "failed to run commands: " + end_in_words(*wait_status_);
    finish(status, code);
}

void ScriptRun::finish(std::string status, int exit_code) {
    timeout_.cancel();
    output_watch_.reset();
    error_watch_.reset();
    result_.status = std::move(status);
    result_.exit_code = exit_code;
    result_.finished_at = Wall::now();
    const std::string output = std::exchange(result_.standard_output, {});
    const std::string errors = std::exchange(result_.standard_error, {});
    result_.standard_output = truncated(output, standard_output_max);
    result_.standard_error = truncated(errors, standard_error_max);
    // The callback may destroy this.
    const auto done = std::move(done_);
    done(std::move(result_));
}

} // namespace squall::labhost
