// Rules outside of iptables' table filter, which nobody follows here: whether there are any that
// drop or reject.
#pragma once

#include "squall/host/checkup.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

inline constexpr const char* how_to_list_tables =
    "sudo nft list ruleset; sudo iptables -t raw -S; sudo iptables -t mangle -S";

// Of what `iptables -t TABLE -S` prints; forwarded packets are no agent's.
[[nodiscard]] std::vector<std::string> dropping_rules(std::string_view listing,
                                                      const std::string& table);
// Of what `nft list ruleset` prints, without the tables that are iptables' own, and IPv6.
[[nodiscard]] std::vector<std::string> dropping_nft_rules(std::string_view ruleset);
// Of this host. A table that the kernel has not is not asked for: that would load its module.
[[nodiscard]] std::vector<std::string> dropping_rules_elsewhere(const Ground& ground,
                                                                Deadline deadline);

} // namespace squall::host
