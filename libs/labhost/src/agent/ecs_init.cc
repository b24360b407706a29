#include "agent/ecs_init.h"

#include "agent/agent_log.h"
#include "agent/backoff.h"
#include "cloud/docker_client.h"
#include "squall/base/log.h"
#include "squall/base/subprocess.h"
#include "squall/base/time_text.h"
#include "squall/transport/loop.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace squall::labhost {
namespace {

constexpr int exit_terminal = 5;
constexpr Seconds agent_stop_timeout{10};
const char* const log_path = "/var/log/ecs/ecs-init.log";
const char* const pid_path = "/run/ecs-init.pid";
const char* const docker_socket_path = "/var/run/docker.sock";

// The rule that makes the agent answer tasks at 169.254.170.2. It is one exact rule: added once,
// removed alone.
std::vector<std::string> route_rule(const char* action) {
    return {"iptables",
            "-w",
            "5",
            "-t",
            "nat",
            action,
            "PREROUTING",
            "-p",
            "tcp",
            "-d",
            "169.254.170.2",
            "--dport",
            "80",
            "-j",
            "DNAT",
            "--to-destination",
            "127.0.0.1:51679"};
}

bool has_route() {
    const auto checked = run({route_rule("-C"), {}, {}, {}}, Deadline::in(Seconds(20)));
    return checked && checked->exit_code == 0;
}

// What the Go runtime does for every program of Go's: the soft limit of open files becomes the hard
// one, and the programs that are started get back what there was.
class FileLimitRaise {
public:
    FileLimitRaise() {
        if (::getrlimit(RLIMIT_NOFILE, &before_) != 0) return;
        const rlimit raised{before_.rlim_max, before_.rlim_max};
        is_raised_ = ::setrlimit(RLIMIT_NOFILE, &raised) == 0;
    }

    // In a child, before it becomes another program.
    void take_back() const {
        if (is_raised_) ::setrlimit(RLIMIT_NOFILE, &before_);
    }

private:
    rlimit before_{};
    bool is_raised_ = false;
};

int pre_start(AgentLog& log) {
    log.info("pre-start");
    // A packet for 127.0.0.1 that came in from a bridge is dropped without this.
    const auto allowed = run_checked(
        {{"sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet"}, {}, {}, {}},
        Deadline::in(Seconds(20)));
    if (!allowed) {
        log.error("could not enable loopback routing", {{"error", allowed.error().message}});
        return 1;
    }
    if (has_route()) return 0;
    const auto added = run_checked({route_rule("-A"), {}, {}, {}}, Deadline::in(Seconds(20)));
    if (added) return 0;
    log.error("could not create route to the credentials proxy",
              {{"error", added.error().message}});
    return 1;
}

int post_stop(AgentLog& log) {
    log.info("post-stop");
    if (!has_route()) return 0;
    const auto removed = run_checked({route_rule("-D"), {}, {}, {}}, Deadline::in(Seconds(20)));
    if (removed) return 0;
    log.error("Unable to remove the credentials proxy route", {{"error", removed.error().message}});
    return 1;
}

// Runs the agent as a child, and again after it ended, until it is told to stop or the agent gives
// up for good.
class Supervisor {
public:
    Supervisor(AgentLog& log, const FileLimitRaise& file_limit)
        : log_(log),
          file_limit_(file_limit),
          timer_(loop_),
          docker_(loop_, docker_socket_path),
          random_(std::random_device{}()) {}

    int run() {
        loop_.on_signals({SIGTERM, SIGINT, SIGHUP}, [this](int) { stop(); });
        wait_for_docker();
        loop_.run();
        return exit_code_;
    }

private:
    // The agent gives up at once without its container engine, which may still be on its way up.
    void wait_for_docker() {
        docker_.ping([this](const DockerAnswer& answer) {
            if (stopping_) return;
            if (answer.is_success()) return start_agent();
            const Millis delay = docker_backoff_.next(random_);
            log_.info(fmt::format("Error connecting to docker, backing off for {}, error: {}",
                                  short_duration(delay),
                                  answer.cause.empty() ? answer.message : answer.cause));
            timer_.start(delay, [this] { wait_for_docker(); });
        });
    }

    void start_agent() {
        log_.info("Starting Amazon Elastic Container Service Agent");
        pid_ = ::fork();
        if (pid_ == 0) {
            sigset_t none;
            sigemptyset(&none);
            ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
            file_limit_.take_back();
            ::execl("/proc/self/exe", "squall", "lab-host", "ecs-agent", nullptr);
            ::_exit(127);
        }
        if (pid_ < 0) return end(1);
        pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        watch_.emplace(loop_, pidfd_.get(), [this] { agent_ended(); });
    }

    void agent_ended() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
        watch_.reset();
        pidfd_.reset();
        const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        log_.info(fmt::format("Agent exited with code {}", code));
        if (stopping_ || code == 0) return end(0);
        if (code == exit_terminal) {
            log_.error(fmt::format("agent exited with terminal exit code: {}", code));
            return end(exit_terminal);
        }
        const Millis delay = backoff_.next(random_);
        log_.warn(fmt::format("ECS Agent failed to start, retrying in {}", short_duration(delay)));
        timer_.start(delay, [this] { start_agent(); });
    }

    void stop() {
        log_.info("Stopping Amazon Elastic Container Service Agent");
        stopping_ = true;
        if (!watch_) return end(0);
        ::kill(pid_, SIGTERM);
        timer_.start(agent_stop_timeout, [this] { ::kill(pid_, SIGKILL); });
    }

    void end(int code) {
        exit_code_ = code;
        loop_.stop();
    }

    AgentLog& log_;
    const FileLimitRaise& file_limit_;
    transport::Loop loop_;
    transport::Timer timer_;
    DockerClient docker_;
    std::mt19937 random_;
    Backoff docker_backoff_{Millis(50), Millis(5000), 0.2, 1.5};
    Backoff backoff_{Millis(500), Millis(15'000), 0.2, 2.0};
    pid_t pid_ = -1;
    Fd pidfd_;
    std::optional<transport::ReadWatch> watch_;
    bool stopping_ = false;
    int exit_code_ = 0;
};

} // namespace

int ecs_init_main(const std::vector<std::string>& arguments) {
    const FileLimitRaise file_limit;
    AgentLog log(log_path, {.kind = LogRotation::Kind::hourly});
    const std::string action = arguments.size() == 1 ? arguments.front() : "";
    if (action == "pre-start") return pre_start(log);
    if (action == "post-stop") return post_stop(log);
    if (action == "start") {
        [[maybe_unused]] const auto written =
            write_file(pid_path, std::to_string(::getpid()) + "\n");
        return Supervisor(log, file_limit).run();
    }
    // The unit's main process gets SIGTERM after this, which is all that a stop needs.
    if (action == "stop") return 0;
    log::print("usage: amazon-ecs-init pre-start|start|stop|post-stop\n");
    return 1;
}

} // namespace squall::labhost
