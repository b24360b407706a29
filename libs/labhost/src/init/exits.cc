#include "init/exits.h"

#include "squall/base/text.h"

#include <fmt/format.h>

#include <sys/wait.h>

#include <array>
#include <csignal>

namespace squall::labhost::init {
namespace {

struct Named {
    int number;
    std::string_view name;
};

constexpr std::array<Named, 31> signals{{
    {SIGHUP, "HUP"},   {SIGINT, "INT"},       {SIGQUIT, "QUIT"}, {SIGILL, "ILL"},
    {SIGTRAP, "TRAP"}, {SIGABRT, "ABRT"},     {SIGBUS, "BUS"},   {SIGFPE, "FPE"},
    {SIGKILL, "KILL"}, {SIGUSR1, "USR1"},     {SIGSEGV, "SEGV"}, {SIGUSR2, "USR2"},
    {SIGPIPE, "PIPE"}, {SIGALRM, "ALRM"},     {SIGTERM, "TERM"}, {SIGSTKFLT, "STKFLT"},
    {SIGCHLD, "CHLD"}, {SIGCONT, "CONT"},     {SIGSTOP, "STOP"}, {SIGTSTP, "TSTP"},
    {SIGTTIN, "TTIN"}, {SIGTTOU, "TTOU"},     {SIGURG, "URG"},   {SIGXCPU, "XCPU"},
    {SIGXFSZ, "XFSZ"}, {SIGVTALRM, "VTALRM"}, {SIGPROF, "PROF"}, {SIGWINCH, "WINCH"},
    {SIGIO, "IO"},     {SIGPWR, "PWR"},       {SIGSYS, "SYS"},
}};

// systemd.exec(5), "Process Exit Codes".
constexpr std::array<Named, 10> exit_names{{
    {0, "SUCCESS"},
    {1, "FAILURE"},
    {200, "CHDIR"},
    {201, "NICE"},
    {202, "FDS"},
    {203, "EXEC"},
    {204, "MEMORY"},
    {205, "LIMITS"},
    {209, "STDOUT"},
    {210, "CHROOT"},
}};

constexpr std::array<Named, 6> lsb_names{{
    {2, "INVALIDARGUMENT"},
    {3, "NOTIMPLEMENTED"},
    {4, "NOPERMISSION"},
    {5, "NOTINSTALLED"},
    {6, "NOTCONFIGURED"},
    {7, "NOTRUNNING"},
}};

template <std::size_t N>
std::string_view name_in(const std::array<Named, N>& table, int number) {
    for (const Named& entry : table)
        if (entry.number == number) return entry.name;
    return {};
}

} // namespace

ProcessExit exit_from_wait_status(int status) {
    if (WIFEXITED(status)) return {ProcessExit::How::exited, WEXITSTATUS(status)};
    return {WCOREDUMP(status) ? ProcessExit::How::dumped : ProcessExit::How::killed,
            WTERMSIG(status)};
}

bool is_clean(const ProcessExit& exit, bool is_daemon) {
    if (exit.how == ProcessExit::How::exited) return exit.status == 0;
    if (exit.how == ProcessExit::How::dumped || !is_daemon) return false;
    return exit.status == SIGHUP || exit.status == SIGINT || exit.status == SIGTERM
           || exit.status == SIGPIPE;
}

std::string_view how_text(const ProcessExit& exit) {
    switch (exit.how) {
    case ProcessExit::How::exited:
        return "exited";
    case ProcessExit::How::killed:
        return "killed";
    case ProcessExit::How::dumped:
        return "dumped";
    }
    return "?";
}

std::string status_text(const ProcessExit& exit) {
    return exit.how == ProcessExit::How::exited ? std::to_string(exit.status)
                                                : signal_name(exit.status);
}

std::string journal_text(const ProcessExit& exit) {
    std::string_view name;
    std::string signal;
    if (exit.how == ProcessExit::How::exited) {
        name = name_in(exit_names, exit.status);
        if (name.empty()) name = name_in(lsb_names, exit.status);
        if (name.empty()) name = "n/a";
    } else {
        signal = signal_name(exit.status);
        name = signal;
    }
    return fmt::format("code={}, status={}/{}", how_text(exit), exit.status, name);
}

std::string short_text(const ProcessExit& exit) {
    if (exit.how != ProcessExit::How::exited)
        return fmt::format("code={}, signal={}", how_text(exit), signal_name(exit.status));
    const std::string_view name = name_in(exit_names, exit.status);
    return name.empty() ? fmt::format("code=exited, status={}", exit.status)
                        : fmt::format("code=exited, status={}/{}", exit.status, name);
}

int code_number(const ProcessExit& exit) {
    switch (exit.how) {
    case ProcessExit::How::exited:
        return CLD_EXITED;
    case ProcessExit::How::killed:
        return CLD_KILLED;
    case ProcessExit::How::dumped:
        return CLD_DUMPED;
    }
    return 0;
}

std::string signal_name(int number) {
    if (const auto name = name_in(signals, number); !name.empty()) return std::string(name);
    if (number >= SIGRTMIN && number <= SIGRTMAX) return fmt::format("RTMIN+{}", number - SIGRTMIN);
    return std::to_string(number);
}

std::optional<int> parse_signal(std::string_view text) {
    if (const auto number = to_integer(text))
        return *number > 0 && *number <= SIGRTMAX ? std::optional(static_cast<int>(*number))
                                                  : std::nullopt;
    if (text.starts_with("SIG")) text.remove_prefix(3);
    for (const Named& entry : signals)
        if (entry.name == text) return entry.number;
    if (text.starts_with("RTMIN+")) {
        const auto offset = to_integer(text.substr(6));
        if (offset && *offset >= 0 && *offset <= SIGRTMAX - SIGRTMIN)
            return SIGRTMIN + static_cast<int>(*offset);
    }
    return std::nullopt;
}

} // namespace squall::labhost::init
