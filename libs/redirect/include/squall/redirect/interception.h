// Takes the new TCP connections to some ports of a network namespace to a proxy that listens in it,
// and gives them back. Best way first, what the kernel has decides (docs/proxy.md, "The ladder"):
// an nftables table that the kernel removes with its owner, and in it a lease that ends by itself.
// Other tables, chains and rules are never touched.
//
// Everything is done in the network namespace that the calling thread is in. For one thread.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"
#include "squall/net/address_range.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::redirect {

enum class Kind {
    tproxy_owner, // nftables tproxy; the table goes with this process, the lease with its loop
    tproxy_lease, // the same where the kernel has no owners (before Linux 5.12)
    redirect,     // nftables redirect with a lease, where there is no tproxy
    iptables,     // where there is no nf_tables: nothing in the kernel ends it
};

inline constexpr Kind kinds[] = {
    Kind::tproxy_owner, Kind::tproxy_lease, Kind::redirect, Kind::iptables};

// "tproxy-owner", "tproxy-lease", "redirect", "iptables".
[[nodiscard]] std::string_view word_of(Kind kind);
[[nodiscard]] std::optional<Kind> kind_of(std::string_view word);

// Longer without a renewal, and connections go where they went before.
inline constexpr Millis lease_length{3000};
inline constexpr Millis lease_renewal{1000};

struct Wanted {
    std::string table;                // letters, digits, '_'; ours alone
    std::string interface;            // its name; empty: all of them
    std::vector<std::uint16_t> ports; // that clients connect to
    std::uint16_t proxy_port = 0;
    bool only_local = false; // in a host's own namespace: not what it passes on for others
    // Whoever is behind one of this namespace's bridges, too: where bridge-nf-call-iptables is 1,
    // tproxy misses them, since the bridge asks it first and then forgets what it said.
    bool also_bridges = false;
    std::uint32_t mark = 0;                // packets with it are not taken; 0: none has one
    std::vector<net::AddressRange> exempt; // clients that are not taken
};

class Interception {
public:
    // Takes the connections from now on. With `only`, in this way or not at all; else in the best
    // that works. The error says what each way met.
    [[nodiscard]] static Result<std::unique_ptr<Interception>> arm(const Wanted& wanted,
                                                                   std::optional<Kind> only);

    Interception() = default;
    Interception(const Interception&) = delete;
    Interception& operator=(const Interception&) = delete;
    // Gives the connections back, and removes everything of ours.
    virtual ~Interception() = default;

    [[nodiscard]] virtual Kind kind() const = 0;

    // To be called each lease_renewal. The error is told and it is tried again: a lease that has
    // run out meanwhile begins anew.
    [[nodiscard]] virtual Result<void> renew() = 0;

    // New connections go to the application again. What was taken before stays with the proxy,
    // for which it must not be destroyed before they have ended.
    [[nodiscard]] virtual Result<void> disarm() = 0;

    // A command that lists it, to be run in the same namespace.
    [[nodiscard]] virtual std::string list_command() const = 0;
};

// Removes what an interception of this name has left, when its process has died. Nothing there is
// no error.
[[nodiscard]] Result<void> remove_left(Kind kind, const Wanted& wanted);

} // namespace squall::redirect
