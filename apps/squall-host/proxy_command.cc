#include "proxy_command.h"

#include "squall/base/json.h"
#include "squall/base/log.h"
#include "squall/proxy/proxy.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <random>

namespace squall::host_app {
namespace {

json::Object json_of(const proxy::Counts& counts) {
    const http::Counts& exchanges = counts.exchanges;
    return {{"accepted", counts.accepted},
            {"reset_after_accept", counts.reset_after_accept},
            {"tls", counts.tls},
            {"http2", counts.http2},
            {"out_of_descriptors", counts.out_of_descriptors},
            {"requests", exchanges.requests},
            {"untouched", exchanges.untouched},
            {"answered", exchanges.answered},
            {"changed", exchanges.changed},
            {"delayed", exchanges.delayed},
            {"reset", exchanges.reset},
            {"refused", exchanges.refused},
            {"application_unreachable", exchanges.application_unreachable},
            {"application_unclear", exchanges.application_unclear},
            {"upgraded", exchanges.upgraded}};
}

// One line for whoever started us; nobody there is no reason to end.
void tell(const json::Object& object) {
    const std::string line = json::text(object) + "\n";
    static_cast<void>(::write(STDOUT_FILENO, line.data(), line.size()));
}

Fd signals_to_end() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&ours, number);
    ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return Fd(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
}

void take_signal(int fd) {
    signalfd_siginfo info{};
    static_cast<void>(::read(fd, &info, sizeof info));
}

// Each connection takes two; what the machine allows is ours.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

int complain(const Error& error) {
    log::print("squall-host: {}\n", error.message);
    return error.code == Errc::invalid_input ? exit_usage : exit_error;
}

} // namespace

int run_command(const ProxyCommand& command) {
    const auto listen = net::Address::parse(command.listen);
    if (!listen) return complain(listen.error());
    const auto application = net::Address::parse(command.forward);
    if (!application) return complain(application.error());
    const std::uint64_t seed = command.seed != 0 ? command.seed : std::random_device()();
    auto faults = fault::FaultSet::make(command.faults, seed);
    if (!faults) return complain(faults.error());
    const Fd signals = signals_to_end();
    raise_descriptor_limit();
    auto proxy = proxy::Proxy::open({*listen, *application}, **faults);
    if (!proxy) return complain(proxy.error());
    tell({{"event", "ready"},
          {"listen", (*proxy)->address().text()},
          {"forward", application->text()},
          {"seed", seed}});
    std::optional<SteadyTime> end;
    if (command.duration_s) end = Steady::now() + Seconds(*command.duration_s);
    (*proxy)->serve(end, signals.get());
    take_signal(signals.get());
    (*proxy)->disarm();
    tell({{"event", "disarmed"}, {"connections", (*proxy)->connections()}});
    (*proxy)->serve(Steady::now() + Seconds(command.drain_s), signals.get());
    tell({{"event", "end"},
          {"cut_off", (*proxy)->connections()},
          {"counts", json_of((*proxy)->counts())}});
    return 0;
}

} // namespace squall::host_app
