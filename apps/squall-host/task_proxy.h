// One proxy in one network namespace, from entering it to giving everything back. It takes its
// process: a process has one, and it is the process's only thread.
#pragma once

#include "run_folder.h"
#include "squall/base/clock.h"
#include "squall/fault/fault_set.h"
#include "squall/redirect/interception.h"
#include "squall/redirect/network_namespace.h"

namespace squall::host_app {

// What a proxy stands in front of.
struct ProxyTarget {
    ProxyPlace place;
    std::string container; // id; may be empty
    std::string container_name;
    pid_t pid = 0; // whose end ends the proxy; 0: nobody's
    redirect::NetworkNamespace network;
    std::string bridge_address; // empty: in another mode, or not known
};

struct ProxyOrder {
    std::vector<std::uint16_t> ports;
    std::uint16_t proxy_port = 0;
    std::string interface; // "auto", "any", or a name
    std::optional<redirect::Kind> only;
    bool resets_existing = false;
    std::vector<net::AddressRange> exempt;
    std::vector<fault::FaultSet::Wanted> faults;
    std::uint64_t seed = 0;
    std::string forwarded_header; // empty: none
    std::optional<SteadyTime> end;
    std::optional<WallTime> end_text; // the same, for people
    Seconds drain{0};
};

// Serves until the end, until it is told to stop, or until the container ends. Writes a line of
// JSON to `out` when it is armed, and with `tells_all` also when it is disarmed and at its end. The
// error says why it did not begin; then nothing is left.
[[nodiscard]] Result<void>
run_proxy(const ProxyTarget& target, const ProxyOrder& order, int out, bool tells_all);

} // namespace squall::host_app
