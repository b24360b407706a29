#include "squall/lab/lab.h"

#include "daemon.h"
#include "squall/base/text.h"
#include "squall/transport/http_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iterator>

namespace squall::lab {
namespace {

constexpr Seconds end_timeout{15};
constexpr Seconds start_timeout{120};
constexpr Seconds control_timeout{10};
constexpr Millis poll_interval{20};

Fd open_process(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

// Waits until a process has ended, by its descriptor.
bool wait_for_end(const Fd& process, Seconds timeout) {
    pollfd waited{process.get(), POLLIN, 0};
    return !process || ::poll(&waited, 1, static_cast<int>(Millis(timeout).count())) > 0;
}

// Ends a process that we know to be the lab's.
void kill_and_wait(const ProcessRef& process) {
    const Fd fd = open_process(process.pid);
    if (!fd || !process.is_alive()) return;
    ::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0);
    wait_for_end(fd, end_timeout);
}

// What a lab that was killed left behind: its hosts die with it, but it takes them a moment.
void clean_up(const LabPaths& paths) {
    if (const auto state = LabState::load(paths)) {
        for (const auto& host : state->hosts)
            kill_and_wait(host);
    }
    std::error_code ignored;
    std::filesystem::remove_all(paths.folder, ignored);
}

Result<wire::HttpResponse>
ask(const LabPaths& paths, const std::string& method, const std::string& target) {
    transport::HttpClient client(transport::ClientSettings{});
    wire::Url url;
    url.scheme = "unix";
    url.host = paths.control;
    return client.send(url, {method, target, {}, {}}, Deadline::in(control_timeout));
}

tl::unexpected<Error> no_lab() {
    return fail(Errc::not_found, "no lab is running; start one with `squall lab up`");
}

Result<LabPaths> running_lab() {
    auto paths = LabPaths::find();
    if (!paths) return fail(paths.error());
    const auto holder = FileLock::holder(paths->lock);
    if (!holder) return fail(holder.error());
    if (!*holder) return no_lab();
    return std::move(*paths);
}

bool names(const json::Value& instance, const std::string& name) {
    const std::string_view arn = json::string_at(instance, "container_instance_arn");
    return json::string_at(instance, "instance_id") == name || arn == name
           || (!arn.empty() && arn.substr(arn.rfind('/') + 1) == name)
           || to_integer(name) == json::integer_at(instance, "ordinal");
}

Result<pid_t> first_process_of(const std::string& name) {
    const auto known = status();
    if (!known) return fail(known.error());
    std::vector<std::string> ids;
    for (const auto& instance : json::array_at(*known, "instances")) {
        ids.emplace_back(json::string_at(instance, "instance_id"));
        if (!names(instance, name)) continue;
        const auto pid = static_cast<pid_t>(json::integer_at(instance, "pid"));
        if (pid <= 0)
            return fail(Errc::unavailable, "the container instance {} is not running", name);
        return pid;
    }
    return fail(Errc::not_found,
                "no container instance '{}' in this lab; there are 1 to {}: {}",
                name,
                ids.size(),
                join(ids, ", "));
}

// In the child: becomes a process of the host and runs the command.
[[noreturn]] void run_inside(const std::vector<std::string>& command) {
    std::vector<char*> argv;
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
    for (const auto& variable : environment)
        variables.push_back(const_cast<char*>(variable.c_str()));
    variables.push_back(nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (::chdir("/") != 0) ::_exit(126);
    // The PATH that counts is the host's.
    ::setenv("PATH", environment.front().c_str() + 5, 1);
    ::execvpe(argv[0], argv.data(), variables.data());
    fmt::print(stderr, "squall: {}: {}\n", command.front(), errno_text(errno));
    ::_exit(errno == ENOENT ? 127 : 126);
}

} // namespace

Result<void> up(const LabOptions& options, const std::function<void(const std::string&)>& say) {
    if (::geteuid() != 0)
        return fail(Errc::denied, "a lab needs root, for its namespaces: run it with sudo");
    if (options.instances < 1 || options.instances > LabOptions::instances_max)
        return fail(Errc::invalid_input,
                    "a lab has 1 to {} instances, not {}",
                    LabOptions::instances_max,
                    options.instances);
    const auto paths = LabPaths::find();
    if (!paths) return fail(paths.error());
    const auto take = [&]() -> Result<std::optional<FileLock>> {
        if (auto made = make_directories(paths->folder, 0700); !made) return fail(made.error());
        return FileLock::try_take(paths->lock);
    };
    auto lock = take();
    if (!lock) return fail(lock.error());
    if (!*lock)
        return fail(
            Errc::conflict,
            "a lab is already running; `squall lab status` shows it, `squall lab down` ends it");
    // With the lock in hand: what lies here is nobody's.
    clean_up(*paths);
    lock = take();
    if (!lock || !*lock) return fail(Errc::conflict, "another lab is starting at the same time");
    if (auto made = make_directories(paths->mounts, 0700); !made) return made;
    auto ended = Daemon(options, *paths, say).run();
    std::error_code ignored;
    std::filesystem::remove_all(paths->folder, ignored);
    return ended;
}

Result<std::string> up_detached(const LabOptions& options) {
    const auto paths = LabPaths::find();
    if (!paths) return fail(paths.error());
    auto pipe = make_pipe();
    if (!pipe) return fail(pipe.error());
    const pid_t child = ::fork();
    if (child < 0) return fail(Errc::failed, "starting the lab's process: {}", errno_text(errno));
    if (child == 0) {
        ::setsid();
        pipe->read_end.reset();
        const int log = ::open("/dev/null", O_RDWR);
        ::dup2(log, STDIN_FILENO);
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        const auto tell = [&](const std::string& line) {
            const std::string whole = line + "\n";
            if (pipe->write_end && ::write(pipe->write_end.get(), whole.data(), whole.size()) < 0)
                pipe->write_end.reset();
            if (line.starts_with("ready ")) pipe->write_end.reset();
        };
        const auto ended = up(options, tell);
        if (!ended) tell("error " + ended.error().message);
        ::_exit(ended ? 0 : 1);
    }
    pipe->write_end.reset();
    std::string said;
    char c = 0;
    const Deadline deadline = Deadline::in(start_timeout);
    while (!deadline.passed()) {
        pollfd waited{pipe->read_end.get(), POLLIN, 0};
        if (::poll(&waited, 1, 1000) <= 0) continue;
        if (::read(pipe->read_end.get(), &c, 1) != 1) break;
        said.push_back(c);
    }
    std::string last;
    for (const auto& line : split(said, '\n')) {
        if (line.starts_with("ready ")) return line;
        if (!line.empty()) last = line;
    }
    ::waitpid(child, nullptr, WNOHANG);
    if (last.starts_with("error ")) return fail(Errc::failed, "{}", last.substr(6));
    return fail(Errc::failed,
                "the lab's process ended without a word after: {}",
                last.empty() ? "nothing" : last);
}

Result<bool> down() {
    const auto paths = LabPaths::find();
    if (!paths) return fail(paths.error());
    auto holder = FileLock::holder(paths->lock);
    if (!holder) return fail(holder.error());
    std::error_code ignored;
    const bool left_something = std::filesystem::exists(paths->folder, ignored);
    if (*holder) {
        const Fd process = open_process(**holder);
        if (auto asked = ask(*paths, "POST", "/down");
            !asked || !wait_for_end(process, end_timeout)) {
            // It does not listen any more. The lock says that it is still the same process.
            const auto again = FileLock::holder(paths->lock);
            if (again && *again == *holder)
                ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
            if (!wait_for_end(process, end_timeout))
                return fail(Errc::timed_out, "the lab's process {} does not end", **holder);
        }
    }
    clean_up(*paths);
    return left_something;
}

Result<json::Object> status() {
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    const auto answer = ask(*paths, "GET", "/status");
    if (!answer) return fail("asking the lab", answer.error());
    return json::parse_object(answer->body);
}

Result<json::Array> events(std::uint64_t after) {
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    const auto answer = ask(*paths, "GET", fmt::format("/events?after={}", after));
    if (!answer) return fail("asking the lab", answer.error());
    auto value = json::parse(answer->body);
    if (!value) return fail(value.error());
    return value->is_array() ? std::move(value->as_array()) : json::Array{};
}

Result<std::string> environment_lines() {
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    const auto state = LabState::load(*paths);
    if (!state) return fail(state.error());
    std::string lines;
    for (const auto& [name, value] : {std::pair("AWS_ENDPOINT_URL", state->endpoint),
                                      std::pair("AWS_ACCESS_KEY_ID", state->access_key_id),
                                      std::pair("AWS_SECRET_ACCESS_KEY", state->secret_access_key),
                                      std::pair("AWS_REGION", state->region),
                                      std::pair("AWS_DEFAULT_REGION", state->region)}) {
        lines += fmt::format("export {}={}\n", name, shell_quoted(value));
    }
    // What would lead the AWS tools elsewhere; and no proxy stands between a shell and its own
    // loopback.
    lines += "unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN\n";
    lines += "export NO_PROXY=\"${NO_PROXY:+$NO_PROXY,}127.0.0.1\" "
             "no_proxy=\"${no_proxy:+$no_proxy,}127.0.0.1\"\n";
    return lines;
}

Result<int> run_in_host(const std::string& instance, const std::vector<std::string>& command) {
    const auto pid = first_process_of(instance);
    if (!pid) return fail(pid.error());
    const Fd process = open_process(*pid);
    // Between asking and opening, the number could have become another process.
    const auto again = first_process_of(instance);
    if (!process || !again || *again != *pid)
        return fail(Errc::unavailable, "the container instance {} has just gone", instance);
    if (::setns(process.get(),
                CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC)
        != 0) {
        return fail(Errc::denied,
                    "entering {}: {}; it needs the rights that the lab was started with",
                    instance,
                    errno_text(errno));
    }
    const pid_t child = ::fork();
    if (child < 0)
        return fail(Errc::failed, "starting a process in {}: {}", instance, errno_text(errno));
    if (child == 0) run_inside(command);
    int code = 0;
    while (::waitpid(child, &code, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(code) ? 128 + WTERMSIG(code) : WEXITSTATUS(code);
}

} // namespace squall::lab
