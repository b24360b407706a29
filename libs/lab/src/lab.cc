#include "squall/lab/lab.h"

#include "breaks/breaks.h"
#include "daemon.h"
#include "docker_engine.h"
#include "enter.h"
#include "namespace_rights.h"
#include "squall/base/text.h"
#include "squall/transport/http_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <regex>

namespace squall::lab {
namespace {

constexpr std::string_view sudo_hint = "(each user has their own: sudo's is seen with sudo)";
constexpr Seconds end_timeout{15};
constexpr Seconds start_timeout{120};
constexpr Seconds control_timeout{10};
// An instance may have to be stopped and started for it, and an agent to be waited for.
constexpr Seconds break_timeout{300};

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

// The turn to make or remove the lab's folder, until the descriptor is closed. The lock inside that
// folder cannot guard its own removal: whoever opened it before would then hold a file that nobody
// else sees.
Result<Fd> take_turn(const LabPaths& paths) {
    const Path around = paths.folder.parent_path();
    if (auto made = make_directories(around, 0700); !made) return fail(made.error());
    Fd fd(::open(around.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail(Errc::failed, "opening {}: {}", around.string(), errno_text(errno));
    while (::flock(fd.get(), LOCK_EX) != 0) {
        if (errno != EINTR)
            return fail(Errc::failed, "locking {}: {}", around.string(), errno_text(errno));
    }
    return fd;
}

// What a lab that was killed left behind: its hosts die with it, but it takes them a moment.
void clean_up(const LabPaths& paths) {
    if (const auto state = LabState::load(paths)) {
        for (const auto& host : state->hosts)
            kill_and_wait(host);
    }
    remove_docker_cgroup(paths.folder);
    std::error_code ignored;
    std::filesystem::remove_all(paths.folder, ignored);
}

Result<FileLock> lock_folder(const LabPaths& paths) {
    if (auto made = make_directories(paths.folder, 0700); !made) return fail(made.error());
    auto lock = FileLock::try_take(paths.lock);
    if (!lock) return fail(lock.error());
    if (*lock) return std::move(**lock);
    return fail(
        Errc::conflict,
        "a lab is already running; `squall lab status` shows it, `squall lab down` ends it");
}

// An empty folder that is ours, whatever lay there.
Result<FileLock> take_over(const LabPaths& paths) {
    const auto turn = take_turn(paths);
    if (!turn) return fail(turn.error());
    {
        // With the lock in hand: what lies here is nobody's.
        const auto lock = lock_folder(paths);
        if (!lock) return fail(lock.error());
        clean_up(paths);
    }
    auto lock = lock_folder(paths);
    if (!lock) return fail(lock.error());
    if (auto made = make_directories(paths.mounts, 0700); !made) return fail(made.error());
    return lock;
}

Result<void> check_counts(const LabOptions& options) {
    const auto& imagined = options.virtual_instances;
    const int all = options.instances + static_cast<int>(options.others.size());
    if (options.instances < 0 || all > LabOptions::instances_max)
        return fail(Errc::invalid_input,
                    "--instances, --with: a lab has up to {} of them together, not {}",
                    LabOptions::instances_max,
                    all);
    if (imagined.count < 0 || imagined.count > VirtualInstances::count_max)
        return fail(Errc::invalid_input,
                    "--virtual: a lab has up to {} of them, not {}",
                    VirtualInstances::count_max,
                    imagined.count);
    if (all + imagined.count == 0)
        return fail(Errc::invalid_input,
                    "--instances 0: a lab has at least one container instance; see also --with and "
                    "--virtual");
    if (imagined.failing_percent < 0 || imagined.silent_percent < 0
        || imagined.failing_percent + imagined.silent_percent > 100)
        return fail(Errc::invalid_input,
                    "--virtual-failing, --virtual-silent: shares from 0 to 100 percent, and no "
                    "more than 100 together");
    if (imagined.latency_ms < 1 || imagined.latency_ms > 60'000)
        return fail(
            Errc::invalid_input, "--virtual-latency: 1 to 60000 ms, not {}", imagined.latency_ms);
    if (options.zones < 1 || options.zones > LabOptions::zones_max)
        return fail(Errc::invalid_input,
                    "--zones: 1 to {} of them, not {}",
                    LabOptions::zones_max,
                    options.zones);
    return {};
}

Result<void> check(const LabOptions& options) {
    static const std::regex cluster_pattern("[A-Za-z0-9_-]{1,255}");
    static const std::regex region_pattern("[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}");
    if (auto counted = check_counts(options); !counted) return counted;
    if (!std::regex_match(options.cluster, cluster_pattern))
        return fail(Errc::invalid_input,
                    "--cluster: '{}' is no name for a cluster: up to 255 letters, digits, hyphens "
                    "and underscores",
                    options.cluster);
    if (options.runtime == ContainerRuntime::docker) {
        if (auto able = check_docker_engine(); !able) return able;
    }
    if (!std::regex_match(options.region, region_pattern))
        return fail(Errc::invalid_input,
                    "--region: '{}' is no name of a region, as us-east-1 is",
                    options.region);
    return {};
}

Result<wire::HttpResponse> ask(const LabPaths& paths,
                               const std::string& method,
                               const std::string& target,
                               std::string body = {},
                               Seconds timeout = control_timeout) {
    transport::HttpClient client(transport::ClientSettings{});
    wire::Url url;
    url.scheme = "unix";
    url.host = paths.control;
    return client.send(url, {method, target, {}, std::move(body)}, Deadline::in(timeout));
}

tl::unexpected<Error> no_lab() {
    return fail(Errc::not_found, "no lab is running; start one with `squall lab up` {}", sudo_hint);
}

Result<LabPaths> running_lab() {
    auto paths = LabPaths::find();
    if (!paths) return fail(paths.error());
    const auto holder = FileLock::holder(paths->lock);
    if (!holder && ::geteuid() != 0)
        return fail(fmt::format("looking for a lab {}", sudo_hint), holder.error());
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
        const auto kind = host_kind_named(json::string_at(instance, "kind"));
        if (pid <= 0 && kind && is_virtual(*kind))
            return fail(Errc::unavailable, "{} is virtual: nothing runs there", name);
        if (pid <= 0)
            return fail(Errc::unavailable, "the container instance {} is not running", name);
        return pid;
    }
    const bool has_crowd =
        json::integer_at(json::object_at(*known, "virtual_instances"), "count") > 0;
    const std::string_view crowd =
        has_crowd ? "; the virtual ones are not counted: nothing runs there" : "";
    if (ids.empty())
        return fail(Errc::not_found, "no container instance '{}' in this lab{}", name, crowd);
    return fail(Errc::not_found,
                "no container instance '{}' in this lab; there are 1 to {}: {}{}",
                name,
                ids.size(),
                join(ids, ", "),
                crowd);
}

// A list that the running lab keeps, from the one after number `after`.
Result<json::Array> list(std::string_view path, std::uint64_t after) {
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    const auto answer = ask(*paths, "GET", fmt::format("{}?after={}", path, after));
    if (!answer) return fail("asking the lab", answer.error());
    auto value = json::parse(answer->body);
    if (!value) return fail(value.error());
    return value->is_array() ? std::move(value->as_array()) : json::Array{};
}

// What the lab says to an order.
Result<json::Object> obeyed(const Result<wire::HttpResponse>& answer) {
    if (!answer) return fail("asking the lab", answer.error());
    if (answer->status == 404 && answer->body.empty())
        return fail(Errc::not_found, "this lab does not know the order: another squall started it");
    auto body = json::parse_object(answer->body);
    if (!body) return fail("reading what the lab says", body.error());
    if (answer->status == 200) return body;
    const auto code = answer->status == 404   ? Errc::not_found
                      : answer->status == 409 ? Errc::conflict
                      : answer->status >= 500 ? Errc::failed
                                              : Errc::invalid_input;
    return fail(code, "{}", json::string_at(*body, "error", "the lab does not know this order"));
}

using Say = std::function<void(const std::string&)>;

// What the lab, its hosts' first steps and its libraries say goes to the log from here on.
Result<void> write_into(const Path& log) {
    const Fd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) return fail(Errc::failed, "opening {}: {}", log.string(), errno_text(errno));
    ::dup2(file.get(), STDOUT_FILENO);
    ::dup2(file.get(), STDERR_FILENO);
    return {};
}

// A lab has some eight descriptors for each host, and the limit that shells set is a thousand.
void allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> run_daemon(const LabOptions& options, const Say& say, bool is_detached) {
    if (auto checked = check(options); !checked) return checked;
    if (auto taken = take_namespace_rights(); !taken) return taken;
    allow_many_descriptors();
    const auto paths = LabPaths::find();
    if (!paths) return fail(paths.error());
    const auto lock = take_over(*paths);
    if (!lock) return fail(lock.error());
    if (is_detached) {
        if (auto logged = write_into(paths->log); !logged) return logged;
    }
    auto ended = Daemon(options, *paths, say).run();
    const auto turn = take_turn(*paths);
    clean_up(*paths);
    return ended;
}

} // namespace

Result<void> up(const LabOptions& options, const Say& say) {
    return run_daemon(options, say, /*is_detached=*/false);
}

Result<std::string> up_detached(const LabOptions& options) {
    if (auto checked = check(options); !checked) return fail(checked.error());
    auto pipe = make_pipe();
    if (!pipe) return fail(pipe.error());
    const pid_t child = ::fork();
    if (child < 0) return fail(Errc::failed, "starting the lab's process: {}", errno_text(errno));
    if (child == 0) {
        ::setsid();
        pipe->read_end.reset();
        const int nothing = ::open("/dev/null", O_RDWR);
        for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
            ::dup2(nothing, fd);
        const auto tell = [&](const std::string& line) {
            const std::string whole = line + "\n";
            if (pipe->write_end && ::write(pipe->write_end.get(), whole.data(), whole.size()) < 0)
                pipe->write_end.reset();
            if (line.starts_with("ready ")) pipe->write_end.reset();
        };
        const auto ended = run_daemon(options, tell, /*is_detached=*/true);
        if (!ended)
            tell(fmt::format("error {} {}",
                             static_cast<int>(ended.error().code),
                             replace_all(ended.error().message, "\n", " ")));
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
    if (last.starts_with("error ")) {
        const auto [code, message] = split_once(std::string_view(last).substr(6), ' ');
        return fail(Error{static_cast<Errc>(to_integer(code).value_or(0)), std::string(message)});
    }
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
    if (!left_something) return false;
    const auto turn = take_turn(*paths);
    if (!turn) return fail(turn.error());
    // Another one may have been started in the meantime.
    const auto next = FileLock::holder(paths->lock);
    if (next && !*next) clean_up(*paths);
    return true;
}

Result<json::Object> status() {
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    const auto answer = ask(*paths, "GET", "/status");
    if (!answer) return fail("asking the lab", answer.error());
    return json::parse_object(answer->body);
}

Result<json::Array> events(std::uint64_t after) { return list("/events", after); }

Result<json::Array> mail(std::uint64_t after) { return list("/mail", after); }

Result<json::Object> order_api(const std::string& verb, const json::Object& order) {
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    return obeyed(ask(*paths, "POST", "/api/" + verb, json::text(order)));
}

Result<json::Object> order_break(const std::string& verb, const json::Object& order) {
    if (verb == "list") return breaks::Breaks::list();
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    return obeyed(ask(*paths, "POST", "/breaks/" + verb, json::text(order), break_timeout));
}

Result<std::string> environment_lines() {
    const auto paths = running_lab();
    if (!paths) return fail(paths.error());
    const auto state = LabState::load(*paths);
    if (!state) return fail(state.error());
    std::string lines;
    for (const auto& [name, value] : state->variables())
        lines += fmt::format("export {}={}\n", name, shell_quoted(value));
    if (!state->monitor_store.empty())
        lines +=
            fmt::format("export SQUALL_MONITOR_STORE={}\n", shell_quoted(state->monitor_store));
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
    return run_inside(process, instance, command);
}

} // namespace squall::lab
