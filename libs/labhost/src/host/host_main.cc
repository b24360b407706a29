#include "host/host_main.h"

#include "host/host_files.h"
#include "squall/base/c_strings.h"
#include "squall/base/subprocess.h"
#include "squall/base/text.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace squall::labhost {
namespace {

constexpr std::size_t line_max = 64U << 10U;
constexpr std::size_t root_size_max = 512U << 20U;

void say(const std::string& line) {
    const std::string whole = line + "\n";
    // The maker is gone if this fails; then so are we, in a moment.
    [[maybe_unused]] const ssize_t ignored = ::write(host_control_fd, whole.data(), whole.size());
}

Result<std::string> next_line() {
    std::string line;
    char c = 0;
    while (line.size() < line_max) {
        const ssize_t got = ::read(host_control_fd, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got != 1) return fail(Errc::unavailable, "whoever makes this host is gone");
        if (c == '\n') return line;
        line.push_back(c);
    }
    return fail(Errc::invalid_input, "a line of the maker is too long");
}

Result<void> expect(std::string_view wanted) {
    const auto line = next_line();
    if (!line) return fail(line.error());
    if (*line != wanted)
        return fail(Errc::invalid_input, "expected '{}' and was told '{}'", wanted, *line);
    return {};
}

// Addresses inside the new network namespace; eth0 is there already.
Result<void> set_addresses(const HostSpec& spec) {
    const std::string batch =
        fmt::format("link set lo up\n"
                    "{}"
                    "address add {}/{} dev eth0\n"
                    "link set eth0 up\n"
                    "route add default via {}\n",
                    spec.external_credentials ? "" : "address add 169.254.169.254/32 dev lo\n",
                    spec.private_ip,
                    spec.prefix_length,
                    spec.gateway);
    const auto done =
        run_checked({{"ip", "-batch", "-"}, {}, batch, {}}, Deadline::in(Seconds(20)));
    if (!done) return fail("setting the host's addresses", done.error());
    return {};
}

Result<void> come_up(const HostSpec& spec, const Path& program) {
    // The first process must not outlive the one that waits for it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::sethostname(spec.hostname.c_str(), spec.hostname.size()) != 0)
        return fail(Errc::failed, "setting the host name: {}", errno_text(errno));
    if (auto told = expect("network"); !told) return told;
    if (auto set = set_addresses(spec); !set) return set;
    if (auto made = make_mounts_private(); !made) return made;
    auto tree = RootTree::mount_at(spec.mount_folder, root_size_max);
    if (!tree) return fail(tree.error());
    if (auto filled = make_host_files(*tree, spec, program); !filled) return filled;
    say("addressed");
    if (auto told = expect("go"); !told) return told;
    return std::move(*tree).enter();
}

[[noreturn]] void first_process(const HostSpec& spec, const Path& program) {
    if (auto up = come_up(spec, program); !up) {
        say("error " + replace_all(up.error().message, "\n", " "));
        ::_exit(1);
    }
    // Init says "ready" itself, on the same socket.
    ::fcntl(host_control_fd, F_SETFD, 0);
    const std::vector<std::string> environment{
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "LANG=C.UTF-8",
        fmt::format("SQUALL_READY_FD={}", host_control_fd)};
    const auto variables = c_strings(environment);
    ::execle("/usr/local/libexec/squall", "squall", "lab-host", "init", nullptr, variables.data());
    say(fmt::format("error starting init: {}", errno_text(errno)));
    ::_exit(1);
}

} // namespace

int host_main(const std::vector<std::string>& /*arguments*/) {
    const pid_t maker = ::getppid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != maker) return 1;
    ::fcntl(host_control_fd, F_SETFD, FD_CLOEXEC);
    const auto line = next_line();
    const auto object = line ? json::parse_object(*line) : Result<json::Object>(fail(line.error()));
    const auto spec =
        object ? HostSpec::from_json(*object) : Result<HostSpec>(fail(object.error()));
    if (!spec) {
        say("error " + spec.error().message);
        return 1;
    }
    std::error_code error;
    const Path program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
        say(fmt::format("error making namespaces: {}", errno_text(errno)));
        return 1;
    }
    const pid_t first = ::fork();
    if (first == 0) first_process(*spec, program);
    if (first < 0) {
        say(fmt::format("error starting the host's first process: {}", errno_text(errno)));
        return 1;
    }
    say(fmt::format("pid {}", first));
    ::close(host_control_fd);
    int status = 0;
    while (::waitpid(first, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

} // namespace squall::labhost
