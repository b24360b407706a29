#include "squall/base/fd.h"
#include "squall/doctor/looks.h"
#include "squall/host/checkup.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace squall::host {
namespace {

// Beyond the checkup's own limit: for starting, and for what is written at the end.
constexpr Seconds patience = checkup_max + Seconds(1);

[[noreturn]] void be_child(const Fd& out) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGPIPE, SIG_IGN);
    const auto looks = check_up({}, Deadline::in(checkup_max));
    const std::string text = json::text(doctor::looks_json(looks)) + "\n";
    for (std::size_t sent = 0; sent < text.size();) {
        const ssize_t wrote = ::write(out.get(), text.data() + sent, text.size() - sent);
        if (wrote < 0 && errno != EINTR) break;
        sent += static_cast<std::size_t>(std::max<ssize_t>(0, wrote));
    }
    // Threads that hang are not waited for.
    ::_exit(0);
}

// Up to the end of the line; less where the child dies or takes too long.
std::string read_line(const Fd& from) {
    const Deadline deadline = Deadline::in(patience);
    std::string text;
    std::array<char, 65'536> buffer{};
    while (!text.ends_with('\n') && !deadline.passed()) {
        pollfd waited{from.get(), POLLIN, 0};
        if (::poll(&waited, 1, static_cast<int>(deadline.left().count())) <= 0) continue;
        const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

std::vector<doctor::Look> no_checkup(std::string why) {
    doctor::Look look;
    look.check = "checkup";
    look.summary = std::move(why);
    look.how = "ps -eo pid,stat,wchan:30,args | grep ' D'";
    return {look};
}

} // namespace

// One whose thread hangs in the kernel cannot be reaped, and whoever asked must have an answer all
// the same. What is left is init's.
std::vector<doctor::Look> check_up_apart() {
    auto pipe = make_pipe();
    if (!pipe) return no_checkup(pipe.error().message);
    const pid_t child = ::fork();
    if (child < 0) return no_checkup(fmt::format("starting the checks: {}", errno_text(errno)));
    if (child == 0) be_child(pipe->write_end);
    pipe->write_end.reset();
    const std::string text = read_line(pipe->read_end);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, WNOHANG);
    auto looks = doctor::looks_of_text(text);
    if (!looks) return no_checkup("the checks ended without an answer: this host hangs");
    return std::move(*looks);
}

} // namespace squall::host
