// The lab's network: a network namespace of its own with a bridge, into which every host has a
// cable. Nothing of it is in the caller's namespace, and it is gone when the last descriptor on it
// is.
#pragma once

#include "breaks/ways.h"
#include "squall/base/fd.h"
#include "squall/base/result.h"

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

namespace squall::lab {

class Vpc final : public breaks::Ways {
public:
    static constexpr int prefix_length = 16;
    static constexpr int hosts_max = 250;

    [[nodiscard]] static Result<Vpc> make();

    // Where the lab itself answers: gateway and API endpoint of the hosts.
    [[nodiscard]] static std::string gateway() { return "10.0.0.1"; }

    // The address of the host with this ordinal (1, 2, …), in the subnets of its zone.
    [[nodiscard]] static std::string address_of(int ordinal, int zones);

    // One more address that the lab itself has in this network.
    [[nodiscard]] Result<void> add_address(const std::string& address);

    [[nodiscard]] const Fd& network_namespace() const { return namespace_; }

    // Puts another interface of this name (at most 15 characters, unlike every other here) and MAC
    // into the network namespace of this process; its other end has the same name. It is gone when
    // the namespace that it is in is, or when it is disconnected.
    [[nodiscard]] Result<void>
    connect_interface(const std::string& name, const std::string& mac, pid_t process);
    void disconnect_interface(const std::string& name);

    enum class Link { up, down };

    // Of the cable of the host with this ordinal: nothing passes while it is down.
    [[nodiscard]] Result<void> set_link(int ordinal, Link link);

    // As a security group does that allows no traffic: packets are dropped on their way, and nobody
    // is told. Who closes a way twice has to open it twice.
    [[nodiscard]] Result<void> close(const std::string& host, const std::string& address) override;
    [[nodiscard]] Result<void> open(const std::string& host, const std::string& address) override;

    // Puts the interface eth0 into the network namespace of this process.
    [[nodiscard]] Result<void> connect(int ordinal, pid_t process);

private:
    explicit Vpc(Fd network_namespace) : namespace_(std::move(network_namespace)) {}

    Fd namespace_;
    std::map<std::pair<std::string, std::string>, int> closed_; // how often, by host and address
};

} // namespace squall::lab
