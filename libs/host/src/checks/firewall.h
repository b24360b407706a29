// Rules of this host's own firewall that keep its TCP connections from getting out.
#pragma once

#include "checks/facts.h"
#include "checks/look.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

// What a human can ask where the rules could not be read.
inline constexpr const char* how_to_list_rules = "sudo iptables -S; sudo nft list ruleset";

// Where a connection of this host's was to go.
struct Destination {
    std::string address; // "10.0.0.7"
    int port = 0;
};

struct FirewallRule {
    std::string rule;    // as `iptables -S` prints it
    std::string removal; // the command that takes it away, or lets pass what a policy keeps in
};

// The rules that drop or reject the first packet of a connection on its way through OUTPUT, or the
// answer to it on its way through INPUT: where several do, all of them, since each is in the way
// once those before it are gone. A rule is not named where something else in it decides (a user, an
// interface, a limit), or where one that may let the packet pass comes first. A chain's policy
// counts as its last rule. `listing`: what `iptables -S` prints, of the table filter.
[[nodiscard]] std::vector<FirewallRule>
rules_in_the_way(std::string_view listing, const std::vector<Destination>& destinations);

// Those that drop or reject what may be one of these packets, or not (a user, a set, a limit or an
// interface decides), as `iptables -S` prints them; a policy behind what may let it pass is one. Of
// destinations that rules are sure to be in the way of, none is told.
[[nodiscard]] std::vector<std::string>
rules_that_may_be(std::string_view listing, const std::vector<Destination>& destinations);

// A look at all rules together, where these destinations were tried in vain. `others`: rules of
// other tables that drop or reject, which are not followed.
[[nodiscard]] Look look_at_rules(std::string_view listing,
                                 const std::vector<Destination>& destinations,
                                 const std::vector<std::string>& others);

// What of these was tried and could not be connected to: a proxy, where there is one.
[[nodiscard]] std::vector<Destination> unreached(const EndpointView& view);
[[nodiscard]] std::vector<Destination> unreached(const MetadataView& view);

// Of this host; none where iptables is not there, or may not be asked.
[[nodiscard]] std::vector<FirewallRule>
firewall_rules(Facts& facts, const std::vector<Destination>& destinations, Deadline deadline);

// Puts the rules into a sign: at the end of its evidence, and first into its remedy. With them
// known, the general steps of the cause (routes, security groups) lead away from what keeps it
// here.
void tell_rules(const std::vector<FirewallRule>& rules, Sign& sign);

} // namespace squall::host
