// The host's side of Docker's default network: docker0, a veth pair for every container on it, and
// the rules that publish ports. Changes the network namespace it is called in, by `ip` and
// `iptables`, one thing at a time; what others made there stays as it is. Blocks for a few
// milliseconds a call.
#pragma once

#include "runtime/address_pool.h"
#include "runtime/api_error.h"
#include "runtime/bridge_rules.h"
#include "runtime/container.h"
#include "squall/base/fd.h"

#include <map>

namespace squall::labhost::runtime {

class Bridge {
public:
    // Makes the bridge, its address, its rules and forwarding, as far as they are not there.
    [[nodiscard]] Result<void> set_up();

    // Finds an address and the ports for a container; nothing of it is in the kernel yet except
    // that nobody else can bind the ports. Ports that are 0 are chosen. The endpoint must be given
    // back to disconnect().
    [[nodiscard]] Answer<Endpoint> reserve(const std::string& container_id,
                                           const std::string& container_name,
                                           const std::vector<PublishedPort>& ports);

    // Gives a process's network namespace its eth0, and publishes the ports.
    [[nodiscard]] Result<void> connect(const Endpoint& endpoint, pid_t pid, const Fd& network);

    // Takes away whatever is there of an endpoint, made in this life or an earlier one, in part or
    // whole. What cannot be taken away is logged.
    void disconnect(const Endpoint& endpoint);

private:
    [[nodiscard]] Answer<PublishedPort> reserve_port(PublishedPort wanted,
                                                     const std::string& endpoint_text);
    void release_port(Port port);

    AddressPool addresses_;
    PortTable ports_;
    std::map<Port, Fd>
        reservations_; // bound sockets: nobody on the host can take the port meanwhile
};

// In a container's network namespace that is not on the bridge: the loopback interface comes up.
[[nodiscard]] Result<void> bring_loopback_up(const Fd& network);

} // namespace squall::labhost::runtime
