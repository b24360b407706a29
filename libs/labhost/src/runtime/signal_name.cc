#include "runtime/signal_name.h"

#include "squall/base/text.h"

#include <array>
#include <csignal>

namespace squall::labhost::runtime {
namespace {

struct NamedSignal {
    std::string_view name;
    int number;
};

constexpr std::array named_signals{
    NamedSignal{"hup", SIGHUP},   NamedSignal{"int", SIGINT},       NamedSignal{"quit", SIGQUIT},
    NamedSignal{"ill", SIGILL},   NamedSignal{"trap", SIGTRAP},     NamedSignal{"abrt", SIGABRT},
    NamedSignal{"bus", SIGBUS},   NamedSignal{"fpe", SIGFPE},       NamedSignal{"kill", SIGKILL},
    NamedSignal{"usr1", SIGUSR1}, NamedSignal{"segv", SIGSEGV},     NamedSignal{"usr2", SIGUSR2},
    NamedSignal{"pipe", SIGPIPE}, NamedSignal{"alrm", SIGALRM},     NamedSignal{"term", SIGTERM},
    NamedSignal{"chld", SIGCHLD}, NamedSignal{"cont", SIGCONT},     NamedSignal{"stop", SIGSTOP},
    NamedSignal{"tstp", SIGTSTP}, NamedSignal{"ttin", SIGTTIN},     NamedSignal{"ttou", SIGTTOU},
    NamedSignal{"urg", SIGURG},   NamedSignal{"xcpu", SIGXCPU},     NamedSignal{"xfsz", SIGXFSZ},
    NamedSignal{"prof", SIGPROF}, NamedSignal{"vtalrm", SIGVTALRM}, NamedSignal{"winch", SIGWINCH},
    NamedSignal{"io", SIGIO},     NamedSignal{"pwr", SIGPWR},       NamedSignal{"sys", SIGSYS},
};

constexpr int signal_max = 64;
// The C library keeps 32 and 33 for itself: SIGRTMIN is 34 for programs.
constexpr int first_real_time = 34;

} // namespace

std::optional<int> parse_signal(std::string_view text) {
    if (const auto number = to_integer(text))
        return *number >= 1 && *number <= signal_max ? std::optional(static_cast<int>(*number))
                                                     : std::nullopt;
    const std::string lowered = lower(text);
    std::string_view name = lowered;
    if (name.starts_with("sig")) name.remove_prefix(3);
    if (name.starts_with("rtmin")) {
        name.remove_prefix(5);
        if (name.empty()) return first_real_time;
        if (name.front() != '+') return std::nullopt;
        const auto offset = to_integer(name.substr(1)).value_or(-1);
        return offset >= 0 && offset <= signal_max - first_real_time
                   ? std::optional(first_real_time + static_cast<int>(offset))
                   : std::nullopt;
    }
    for (const auto& named : named_signals) {
        if (named.name == name) return named.number;
    }
    return std::nullopt;
}

} // namespace squall::labhost::runtime
