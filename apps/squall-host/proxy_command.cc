#include "proxy_command.h"

#include "counts.h"
#include "process.h"
#include "squall/net/tcp.h"
#include "squall/proxy/proxy.h"

#include <unistd.h>

#include <random>

namespace squall::host_app {
int run_command(const ProxyCommand& command) {
    const auto listen = net::Address::parse(command.listen);
    if (!listen) return complain({listen.error().code, "--listen: " + listen.error().message});
    const auto application = net::Address::parse(command.forward);
    if (!application)
        return complain({application.error().code, "--forward: " + application.error().message});
    const auto end_time = end_of(command.duration_s, command.until);
    if (!end_time) return complain(end_time.error());
    const std::uint64_t seed = command.seed != 0 ? command.seed : std::random_device()();
    auto faults = fault::FaultSet::make(command.faults, seed);
    if (!faults) return complain(faults.error());
    const Fd signals = signals_to_end();
    raise_descriptor_limit();
    auto listener = net::listen_tcp(*listen);
    if (!listener) return complain(listener.error());
    const auto address = net::Address::of_socket(listener->get());
    if (!address) return complain(address.error());
    proxy::Settings settings;
    settings.listeners.push_back(std::move(*listener));
    settings.application = *application;
    settings.forwarded_header = command.forwarded_header;
    auto proxy = proxy::Proxy::open(std::move(settings), **faults);
    if (!proxy) return complain(proxy.error());
    tell(STDOUT_FILENO,
         {{"event", "ready"},
          {"listen", address->text()},
          {"forward", application->text()},
          {"seed", seed}});
    (*proxy)->serve(steady_of(*end_time), signals.get());
    take_signal(signals.get());
    (*proxy)->disarm();
    tell(STDOUT_FILENO, {{"event", "disarmed"}, {"connections", (*proxy)->connections()}});
    (*proxy)->serve(Steady::now() + Seconds(command.drain_s), signals.get());
    tell(STDOUT_FILENO,
         {{"event", "end"},
          {"cut_off", (*proxy)->connections()},
          {"counts", json_of((*proxy)->counts())}});
    return 0;
}

} // namespace squall::host_app
