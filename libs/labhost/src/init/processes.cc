#include "init/processes.h"

#include "init/exits.h"
#include "init/program_path.h"
#include "signals.h"
#include "squall/base/c_strings.h"
#include "squall/base/text.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace squall::labhost::init {
namespace {

// Everything a child needs, made before the fork: the child only makes system calls.
struct Prepared {
    std::vector<std::string> words;
    std::vector<std::string> environment;
    std::string program; // a path
    std::string working_directory;
    std::optional<FileLimit> file_limit;
    std::string complaint; // "x.service: Failed at step ", for its last words
};

[[noreturn]] void give_up(const Prepared& prepared, const char* step, int exit_code) {
    const std::string text = fmt::format(
        "{}{} spawning {}: {}\n", prepared.complaint, step, prepared.program, errno_text(errno));
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(exit_code);
}

[[noreturn]] void become(Prepared& prepared, int null_input, int output) {
    reset_signals();
    // IgnoreSIGPIPE=yes is systemd's default, and scripts behave differently with it.
    ::signal(SIGPIPE, SIG_IGN);
    ::setsid();
    ::umask(022);
    if (::dup2(null_input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0
        || ::dup2(output, STDERR_FILENO) < 0)
        ::_exit(exit_fds);
    // Not all of init's descriptors close on exec: accepted connections do not.
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    if (prepared.file_limit) {
        const rlimit limit{prepared.file_limit->soft, prepared.file_limit->hard};
        if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) give_up(prepared, "LIMITS", exit_limits);
    }
    if (::chdir(prepared.working_directory.c_str()) != 0) give_up(prepared, "CHDIR", exit_chdir);
    const auto words = c_strings(prepared.words);
    const auto environment = c_strings(prepared.environment);
    ::execve(prepared.program.c_str(), words.data(), environment.data());
    give_up(prepared, "EXEC", exit_exec);
}

// The text of a file in /proc, whose size is not known before; empty when the process is gone.
std::string proc_text(pid_t pid, const char* file) {
    // The kernel's limit for arguments and environment together.
    constexpr std::size_t environment_max = 6U << 20U;
    auto text = read_file(fmt::format("/proc/{}/{}", pid, file), environment_max);
    return text ? std::move(*text) : std::string();
}

// True if the environment that the process was started with has this assignment.
bool is_of_group(pid_t pid, const std::string& assignment) {
    for (const std::string& entry : split(proc_text(pid, "environ"), '\0'))
        if (entry == assignment) return true;
    return false;
}

std::vector<pid_t> members_of(const std::string& invocation) {
    std::vector<pid_t> members;
    const std::string assignment = "INVOCATION_ID=" + invocation;
    const pid_t own = ::getpid();
    std::error_code error;
    for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
         at.increment(error)) {
        const auto pid = to_integer(at->path().filename().string());
        if (pid && *pid != own && is_of_group(static_cast<pid_t>(*pid), assignment))
            members.push_back(static_cast<pid_t>(*pid));
    }
    return members;
}

} // namespace

// The output of one process and of those that inherited it.
struct HostProcesses::Stream {
    std::string unit;
    std::string identifier;
    pid_t pid = 0;
    Fd read_end;
    std::string pending; // the beginning of a line
    std::unique_ptr<transport::ReadWatch> watch;
};

HostProcesses::HostProcesses(transport::Loop& loop,
                             JournalWriter& journal,
                             const Clock& clock,
                             Path root)
    : loop_(loop), journal_(journal), clock_(clock), root_(std::move(root)) {}

HostProcesses::~HostProcesses() = default;

Result<pid_t> HostProcesses::spawn(const Spawn& what) {
    auto environment = environment_of(what);
    if (!environment) {
        log(what.unit,
            Priority::warning,
            fmt::format("{}: Failed to load environment files: {}",
                        what.unit,
                        environment.error().message));
        return fail(std::move(environment.error()));
    }
    Prepared prepared;
    prepared.words = what.command.expands_variables
                         ? expand_variables(what.command.words, *environment)
                         : what.command.words;
    for (const auto& [name, value] : *environment)
        prepared.environment.push_back(fmt::format("{}={}", name, value));
    // What is not found is left as it is: the exec then says so.
    prepared.program = find_program(prepared.words.front()).value_or(prepared.words.front());
    prepared.working_directory = what.working_directory.empty() ? "/" : what.working_directory;
    prepared.file_limit = what.file_limit;
    prepared.complaint = what.unit + ": Failed at step ";
    const Fd null_input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null_input) return fail(Errc::failed, "/dev/null: {}", errno_text(errno));
    Stream* stream = nullptr;
    const auto output = open_stream(what, stream);
    if (!output) return fail(output.error());
    // Until it has dispositions of its own the child must not take a signal: it would run init's
    // handlers, which write to init's loop. What is sent to it meanwhile waits.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0) become(prepared, null_input.get(), output->get());
    const int number = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) {
        if (stream != nullptr) streams_.erase(stream->read_end.get());
        return fail(Errc::failed, "{}", errno_text(number));
    }
    if (stream != nullptr) stream->pid = pid;
    return pid;
}

Result<Environment> HostProcesses::environment_of(const Spawn& what) {
    Environment environment;
    environment["PATH"] = program_path;
    const char* language = std::getenv("LANG"); // NOLINT(concurrency-mt-unsafe): one thread
    environment["LANG"] = language != nullptr ? language : "C.UTF-8";
    for (const std::string& assignment : what.environment)
        (void)assign(environment, assignment);
    for (const EnvironmentFile& file : what.environment_files) {
        const auto text = read_file(root_.string() + file.path, unit_text_max);
        if (!text && file.optional) continue;
        if (!text)
            return fail(text.error().code,
                        "{}",
                        text.error().code == Errc::not_found ? "No such file or directory"
                                                             : text.error().message);
        for (const auto& [name, value] : parse_environment_file(*text))
            environment[name] = value;
    }
    // Not to be overridden: it is how the group is known.
    environment["INVOCATION_ID"] = what.invocation;
    return environment;
}

Result<Fd> HostProcesses::open_stream(const Spawn& what, Stream*& stream) {
    if (streams_.size() >= output_streams_max) {
        log(what.unit,
            Priority::warning,
            fmt::format("{}: Too many processes write to the journal, discarding output.",
                        what.unit));
        Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
        if (!nowhere) return fail(Errc::failed, "/dev/null: {}", errno_text(errno));
        return nowhere;
    }
    auto pipe = make_pipe();
    if (!pipe) return fail(std::move(pipe.error()));
    ::fcntl(pipe->read_end.get(), F_SETFL, O_NONBLOCK);
    auto made = std::make_unique<Stream>();
    const std::string& program = what.command.words.front();
    made->unit = what.unit;
    made->identifier = program.substr(program.rfind('/') + 1);
    made->read_end = std::move(pipe->read_end);
    const int fd = made->read_end.get();
    stream = made.get();
    made->watch =
        std::make_unique<transport::ReadWatch>(loop_, fd, [this, stream] { read_stream(*stream); });
    streams_[fd] = std::move(made);
    return std::move(pipe->write_end);
}

void HostProcesses::read_stream(Stream& stream) {
    // So much at a time that one talkative process does not keep the loop from the others.
    std::array<char, 65536> chunk{};
    const ssize_t got = ::read(stream.read_end.get(), chunk.data(), chunk.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) stream.pending.append(chunk.data(), static_cast<std::size_t>(got));
    write_lines(stream, got <= 0);
    if (got <= 0) streams_.erase(stream.read_end.get());
}

void HostProcesses::write_lines(Stream& stream, bool is_end) {
    std::string_view rest = stream.pending;
    const auto write = [&](std::string_view line) {
        JournalEntry entry;
        entry.wall_micros = micros_of(clock_.wall());
        entry.monotonic_micros = micros_of(clock_.now());
        entry.unit = stream.unit;
        entry.identifier = stream.identifier;
        entry.pid = stream.pid;
        entry.text = line;
        journal_.append(std::move(entry));
    };
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        // journald drops lines without content too.
        if (end > 0) write(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    if (!rest.empty() && (is_end || rest.size() >= journal_line_max)) {
        write(rest);
        rest = {};
    }
    stream.pending = std::string(rest);
}

void HostProcesses::drain(pid_t pid) {
    std::vector<int> of_process;
    for (const auto& [fd, stream] : streams_)
        if (stream->pid == pid) of_process.push_back(fd);
    for (const int fd : of_process) {
        // Once: a pipe holds no more than read_stream() takes, and one whose writers live on has no
        // end.
        read_stream(*streams_.at(fd));
    }
}

void HostProcesses::signal_process(pid_t pid, int signal) {
    if (pid > 0) ::kill(pid, signal);
}

std::size_t HostProcesses::signal_group(const std::string& invocation,
                                        int signal,
                                        const std::vector<pid_t>& spared) {
    std::vector<pid_t> reached;
    const auto has = [](const std::vector<pid_t>& list, pid_t pid) {
        return std::find(list.begin(), list.end(), pid) != list.end();
    };
    // A process may fork while we look: again until a look finds nobody new. A fork bomb wins
    // against this, as it does not against a real control group.
    constexpr int looks_max = 10;
    for (int look = 0; look < looks_max; ++look) {
        bool found_new = false;
        for (const pid_t pid : members_of(invocation)) {
            if (has(spared, pid) || has(reached, pid)) continue;
            if (::kill(pid, signal) == 0) {
                reached.push_back(pid);
                found_new = true;
            }
        }
        if (!found_new) break;
    }
    return reached.size();
}

std::vector<GroupMember> HostProcesses::group(const std::string& invocation) {
    std::vector<GroupMember> members;
    for (const pid_t pid : members_of(invocation)) {
        std::string line = proc_text(pid, "cmdline");
        while (!line.empty() && line.back() == '\0')
            line.pop_back();
        std::replace(line.begin(), line.end(), '\0', ' ');
        members.push_back({pid, std::move(line), std::string(trimmed(proc_text(pid, "comm")))});
    }
    return members;
}

std::string HostProcesses::new_invocation_id() { return random_hex(32); }

void HostProcesses::log(std::string_view unit, Priority priority, std::string_view text) {
    JournalEntry entry;
    entry.wall_micros = micros_of(clock_.wall());
    entry.monotonic_micros = micros_of(clock_.now());
    entry.unit = unit;
    entry.identifier = "systemd";
    entry.pid = 1; // as it reads everywhere, a test that runs it as another process included
    entry.priority = static_cast<int>(priority);
    entry.text = text;
    entry.is_about_unit = true;
    journal_.append(std::move(entry));
}

} // namespace squall::labhost::init
