// What the interception says to nf_tables, as values: whole tables, and the lease in them. What
// each means is written beside it as `nft` prints it. Numbers are those of
// linux/netfilter/nf_tables.h.
#pragma once

#include "netlink.h"
#include "squall/redirect/interception.h"

namespace squall::redirect {

// Names within a table of ours.
inline constexpr const char* armed_set = "armed";

struct TableShape {
    bool has_owner = false; // the kernel removes it with the socket that made it
    bool by_tproxy = true;  // else by redirect
};

// A table with everything in it but the lease: it does nothing until that is there. Fails if there
// is one of that name.
[[nodiscard]] NetlinkMessages table_of(const Wanted& wanted, TableShape shape);

// Connections that it has redirected live on what is in it: it has to stay until they have ended.
[[nodiscard]] bool holds_connections(const Wanted& wanted, TableShape shape);

// The ports are taken from now on, and until `length` later.
[[nodiscard]] NetlinkMessages lease_of(const Wanted& wanted, Millis length);

// The ports are not taken any more; the table stays.
[[nodiscard]] NetlinkMessages end_of_lease(const Wanted& wanted);

[[nodiscard]] NetlinkMessages removal_of(const std::string& table);

// Asks for the elements of the lease; `expiry_of` reads the shortest one from an answer.
[[nodiscard]] NetlinkMessages question_of_lease(const Wanted& wanted);
[[nodiscard]] std::optional<Millis> expiry_of(std::string_view answer);

} // namespace squall::redirect
