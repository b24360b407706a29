#include "runtime_host.h"

#include "squall/base/c_strings.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"
#include "squall/labhost/rootfs.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace squall::labhost::runtime {
namespace {

constexpr int host_namespaces =
    CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;

// Dies with whoever started it, so that a test that crashes leaves nothing behind.
void die_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

int exit_code_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Waits for a child and ends as it did.
[[noreturn]] void end_as(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ::_exit(exit_code_of(status));
}

// The host's first process: mounts what a host has, and then only takes in orphans.
[[noreturn]] void be_first_process(int ready) {
    die_with_parent();
    const bool mounted = make_mounts_private() && ::mount("proc", "/proc", "proc", 0, nullptr) == 0;
    const char said = mounted ? 'y' : 'n';
    if (::write(ready, &said, 1) != 1 || !mounted) ::_exit(1);
    sigset_t child_signal;
    ::sigemptyset(&child_signal);
    ::sigaddset(&child_signal, SIGCHLD);
    ::pthread_sigmask(SIG_BLOCK, &child_signal, nullptr);
    while (true) {
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        int number = 0;
        ::sigwait(&child_signal, &number);
    }
}

// 0 when there is none: nobody could fork it.
pid_t read_pid(int fd) {
    pid_t pid = 0;
    return ::read(fd, &pid, sizeof pid) == ssize_t{sizeof pid} && pid > 0 ? pid : 0;
}

void tell_pid(int fd, pid_t pid) {
    if (::write(fd, &pid, sizeof pid) != ssize_t{sizeof pid}) ::_exit(1);
}

// Enters every namespace of a process; what is forked afterwards lives in its PID namespace.
bool enter_namespaces_of(pid_t pid) {
    const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    return pidfd && ::setns(pidfd.get(), host_namespaces) == 0;
}

} // namespace

HostProcess& HostProcess::operator=(HostProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(guardian_, other.guardian_);
    std::swap(errors_, other.errors_);
    std::swap(said_, other.said_);
    return *this;
}

HostProcess::~HostProcess() {
    if (guardian_ == 0) return;
    signal(SIGKILL);
    while (::waitpid(guardian_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool HostProcess::wait_for_line(std::string_view text) {
    const Deadline deadline = soon();
    while (said_.find(text) == std::string::npos) {
        std::array<char, 4096> chunk{};
        pollfd waited{errors_.get(), POLLIN, 0};
        if (::poll(&waited, 1, static_cast<int>(deadline.left().count())) <= 0) return false;
        const ssize_t got = ::read(errors_.get(), chunk.data(), chunk.size());
        if (got <= 0) return false;
        said_.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return true;
}

std::string HostProcess::said() {
    std::array<char, 4096> chunk{};
    pollfd waited{errors_.get(), POLLIN, 0};
    while (::poll(&waited, 1, 0) > 0) {
        const ssize_t got = ::read(errors_.get(), chunk.data(), chunk.size());
        if (got <= 0) break;
        said_.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return said_;
}

void HostProcess::signal(int number) const {
    // 0 would be everybody in the test's own process group.
    if (pid_ > 0) ::kill(pid_, number);
}

int HostProcess::wait() {
    const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, guardian_, 0)));
    pollfd waited{pidfd.get(), POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(soon().left().count())) <= 0) return -1;
    int status = 0;
    ::waitpid(std::exchange(guardian_, 0), &status, 0);
    return exit_code_of(status);
}

TestHost::TestHost() {
    Pipe ready = make_pipe().value();
    Pipe pids = make_pipe().value();
    guardian_ = ::fork();
    if (guardian_ == 0) {
        die_with_parent();
        if (::unshare(host_namespaces) != 0) ::_exit(1);
        const pid_t first = ::fork();
        if (first == 0) be_first_process(ready.write_end.get());
        tell_pid(pids.write_end.get(), first);
        end_as(first);
    }
    ready.write_end.reset();
    pids.write_end.reset();
    first_ = read_pid(pids.read_end.get());
    char said = 0;
    const bool is_up = ::read(ready.read_end.get(), &said, 1) == 1 && said == 'y';
    EXPECT_TRUE(is_up) << "no namespaces can be made here";
    network_ = Fd(::open(fmt::format("/proc/{}/ns/net", first_).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(run({"ip", "link", "set", "lo", "up"}), "");
}

TestHost::~TestHost() {
    if (first_ > 0) ::kill(first_, SIGKILL);
    while (::waitpid(guardian_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

HostProcess TestHost::start_role(const std::vector<std::string>& words) const {
    std::vector<std::string> argv{"squall", "lab-host"};
    argv.insert(argv.end(), words.begin(), words.end());
    const auto pointers = c_strings(argv);
    // By its name: /proc/self/exe would be a file of the mounts out here.
    const Path program = std::filesystem::read_symlink("/proc/self/exe");
    Pipe errors = make_pipe().value();
    Pipe pids = make_pipe().value();
    HostProcess process;
    process.guardian_ = ::fork();
    if (process.guardian_ == 0) {
        die_with_parent();
        if (!enter_namespaces_of(first_)) ::_exit(125);
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(errors.write_end.get(), STDERR_FILENO);
            ::execv(program.c_str(), pointers.data());
            ::_exit(126);
        }
        tell_pid(pids.write_end.get(), child);
        errors.write_end.reset();
        end_as(child);
    }
    pids.write_end.reset();
    process.pid_ = read_pid(pids.read_end.get());
    process.errors_ = std::move(errors.read_end);
    return process;
}

HostProcess TestHost::start_dockerd() const {
    HostProcess dockerd =
        start_role({"dockerd", "--root", root().string(), "--socket", socket().string()});
    EXPECT_TRUE(dockerd.wait_for_line("API listen on")) << dockerd.said();
    return dockerd;
}

std::string TestHost::run(const std::vector<std::string>& words, int* exit_code) const {
    const auto finished = squall::run({words, {}, {}, network_.get()}, soon());
    if (!finished) {
        ADD_FAILURE() << finished.error().message;
        return {};
    }
    if (exit_code != nullptr) *exit_code = finished->exit_code;
    return finished->output + finished->errors;
}

std::string TestHost::nat_rules() const { return run({"iptables", "-w", "5", "-t", "nat", "-S"}); }

std::vector<std::string> TestHost::processes() const {
    std::vector<std::string> lines;
    const Path proc = fmt::format("/proc/{}/root/proc", first_);
    for (const auto& entry : std::filesystem::directory_iterator(proc)) {
        const auto number = to_integer(entry.path().filename().string());
        if (!number || *number == 1) continue;
        const auto line = read_file(entry.path() / "cmdline", 1U << 20U);
        // A kernel's view of a process that is just going away is empty.
        if (line && !line->empty()) lines.push_back(replace_all(*line, std::string(1, '\0'), " "));
    }
    return lines;
}

bool TestHost::runs(std::string_view text) const {
    const auto lines = processes();
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.find(text) != std::string::npos;
    });
}

wire::HttpResponse
TestHost::call(const std::string& method, const std::string& target, const json::Value& body) {
    wire::HttpRequest request{method, target, {{"Host", "docker"}}, {}};
    if (!body.is_null()) {
        request.headers.push_back({"Content-Type", "application/json"});
        request.body = json::text(body);
    }
    wire::Url url;
    url.scheme = "unix";
    url.host = socket();
    auto response = client_.send(url, request, soon());
    if (response) return std::move(*response);
    ADD_FAILURE() << method << " " << target << ": " << response.error().message;
    return {0, {}, {}};
}

json::Value TestHost::ask(int status,
                          const std::string& method,
                          const std::string& target,
                          const json::Value& body) {
    const auto response = call(method, target, body);
    EXPECT_EQ(response.status, status) << method << " " << target << ": " << response.body;
    if (response.status != status || response.body.empty()) return nullptr;
    return json::parse(response.body).value_or(nullptr);
}

std::string TestHost::start_container(const std::string& name, json::Object body) {
    const auto created = ask(201, "POST", "/containers/create?name=" + name, std::move(body));
    std::string id(json::string_at(created, "Id"));
    ask(204, "POST", "/containers/" + id + "/start");
    return id;
}

json::Value TestHost::inspect(const std::string& id) {
    return ask(200, "GET", "/containers/" + id + "/json");
}

std::int64_t TestHost::wait_for_end(const std::string& id) {
    return json::integer_at(ask(200, "POST", "/containers/" + id + "/wait"), "StatusCode", -1);
}

std::string TestHost::log_of(const std::string& id) {
    const auto response = call("GET", "/containers/" + id + "/logs?stdout=1&stderr=1");
    EXPECT_EQ(response.status, 200) << response.body;
    std::string text;
    std::string_view rest = response.body;
    constexpr std::size_t head = 8;
    while (rest.size() >= head) {
        std::size_t size = 0;
        for (const char byte : rest.substr(4, 4))
            size = size << 8U | static_cast<unsigned char>(byte);
        text += rest.substr(head, size);
        rest.remove_prefix(std::min(rest.size(), head + size));
    }
    return text;
}

bool TestHost::wait_for_log(const std::string& id, std::string_view text) {
    const Deadline deadline = soon();
    while (!deadline.passed()) {
        if (log_of(id).find(text) != std::string::npos) return true;
    }
    return false;
}

} // namespace squall::labhost::runtime
