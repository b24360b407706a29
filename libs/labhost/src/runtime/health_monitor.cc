#include "runtime/health_monitor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace squall::labhost::runtime {
namespace {

constexpr int no_exit_code = -1;

// As Go writes a duration, which is what Docker does: "5s", "1m30s", "250ms".
std::string go_duration(Millis time) {
    const auto total = time.count();
    if (total < 1000) return fmt::format("{}ms", total);
    const auto minutes = total / 60'000;
    const auto seconds = static_cast<double>(total % 60'000) / 1000;
    return minutes == 0 ? fmt::format("{}s", seconds) : fmt::format("{}m{}s", minutes, seconds);
}

// All that is in a pipe now, up to a page.
std::string drained(const Fd& fd) {
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    return {chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

} // namespace

HealthMonitor::HealthMonitor(transport::Loop& loop,
                             const Clock& clock,
                             HealthCheck check,
                             std::function<Result<ExecProcess>()> start,
                             std::function<void(CheckResult)> done)
    : clock_(clock),
      loop_(loop),
      check_(std::move(check)),
      start_(std::move(start)),
      done_(std::move(done)),
      timer_(loop) {
    if (!check_.argv.empty()) wait();
}

HealthMonitor::~HealthMonitor() { reap(); }

void HealthMonitor::wait() {
    timer_.start(check_.interval, [this] { begin(); });
}

void HealthMonitor::begin() {
    started_at_ = clock_.wall();
    output_.clear();
    took_too_long_ = false;
    auto process = start_();
    if (!process) return finish(no_exit_code, process.error().message);
    process_ = std::move(*process);
    output_watch_.emplace(loop_, process_.output.get(), [this] { read_some(); });
    end_watch_.emplace(loop_, process_.pidfd.get(), [this] { on_end(); });
    timer_.start(check_.timeout, [this] {
        took_too_long_ = true;
        ::kill(process_.pid, SIGKILL);
    });
}

// One piece; false when there is nothing to read now, or ever again. What is too much is dropped:
// a full pipe would hold the check up.
bool HealthMonitor::read_some() {
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(process_.output.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) return true;
    if (got == 0) output_watch_.reset();
    if (got <= 0) return false;
    const std::size_t room = Health::output_max - std::min(Health::output_max, output_.size());
    output_.append(chunk.data(), std::min(room, static_cast<std::size_t>(got)));
    return true;
}

void HealthMonitor::on_end() {
    int status = 0;
    const pid_t waited = ::waitpid(process_.pid, &status, WNOHANG);
    if (waited == 0 || (waited < 0 && errno == EINTR)) return;
    process_.pid = 0;
    while (read_some()) {
    }
    const std::string trouble = drained(process_.report);
    if (took_too_long_)
        return finish(
            no_exit_code,
            fmt::format("Health check exceeded timeout ({})", go_duration(check_.timeout)));
    if (!trouble.empty()) return finish(no_exit_code, trouble);
    finish(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), std::move(output_));
}

void HealthMonitor::finish(int exit_code, std::string output) {
    end_watch_.reset();
    output_watch_.reset();
    process_ = {};
    wait();
    done_({started_at_, clock_.wall(), exit_code, std::move(output)});
}

void HealthMonitor::reap() {
    end_watch_.reset();
    output_watch_.reset();
    if (process_.pid == 0) return;
    ::kill(process_.pid, SIGKILL);
    while (::waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace squall::labhost::runtime
