#include "runtime/running_process.h"

#include "runtime/process.h"
#include "squall/base/log.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace squall::labhost::runtime {
namespace {

int exit_code_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace

RunningProcess::RunningProcess(transport::Loop& loop,
                               const Clock& clock,
                               LaunchedProcess launched,
                               LogFile log,
                               std::function<void(int)> ended)
    : clock_(clock),
      pid_(launched.pid()),
      pidfd_(launched.take_pidfd()),
      log_(std::move(log)),
      ended_(std::move(ended)),
      outputs_{Output{Stream::output, launched.take_output(), {}},
               Output{Stream::errors, launched.take_errors(), {}}},
      end_(loop, pidfd_.get(), [this] { on_end(); }) {
    for (auto& output : outputs_) {
        output.watch.emplace(loop, output.fd.get(), [this, &output] { read_some(output); });
    }
}

void RunningProcess::signal(int number) {
    const auto sent = send_signal(pidfd_, number);
    if (!sent && sent.error().code != Errc::not_found)
        log::warning("container process {}: {}", pid_, sent.error().message);
}

// One piece; false when there is nothing to read now, or ever again.
bool RunningProcess::read_some(Output& output) {
    std::array<char, 65536> chunk{};
    const ssize_t got = ::read(output.fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) return true;
    // The last writer has gone: nothing will come, and the pipe stays readable for ever.
    if (got == 0) output.watch.reset();
    if (got <= 0) return false;
    log_.write(output.stream, {chunk.data(), static_cast<std::size_t>(got)}, clock_.wall());
    return true;
}

void RunningProcess::on_end() {
    int status = 0;
    const pid_t waited = ::waitpid(pid_, &status, WNOHANG);
    if (waited == 0 || (waited < 0 && errno == EINTR)) return;
    // With the first process of a PID namespace all others in it are gone: what is in the pipes
    // now is all there will be.
    for (auto& output : outputs_) {
        while (read_some(output)) {
        }
    }
    log_.finish(clock_.wall());
    const int exit_code = waited == pid_ ? exit_code_of(status) : 128 + SIGKILL;
    const auto ended = std::move(ended_);
    ended(exit_code);
}

} // namespace squall::labhost::runtime
