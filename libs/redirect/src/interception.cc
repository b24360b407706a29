#include "squall/redirect/interception.h"

#include "iptables_interception.h"
#include "nft_interception.h"
#include "squall/base/text.h"

#include <linux/netlink.h>

#include <cerrno>

namespace squall::redirect {
namespace {

Result<std::unique_ptr<Interception>> arm_by(const Wanted& wanted, Kind kind) {
    return kind == Kind::iptables ? IptablesInterception::arm(wanted)
                                  : NftInterception::arm(wanted, kind);
}

} // namespace

std::string_view word_of(Kind kind) {
    switch (kind) {
    case Kind::tproxy_owner:
        return "tproxy-owner";
    case Kind::tproxy_lease:
        return "tproxy-lease";
    case Kind::redirect:
        return "redirect";
    case Kind::iptables:
        break;
    }
    return "iptables";
}

std::optional<Kind> kind_of(std::string_view word) {
    for (const Kind kind : kinds) {
        if (word_of(kind) == word) return kind;
    }
    return std::nullopt;
}

Result<std::unique_ptr<Interception>> Interception::arm(const Wanted& wanted,
                                                        std::optional<Kind> only) {
    std::vector<std::string> met;
    for (const Kind kind : kinds) {
        if (only && *only != kind) continue;
        auto armed = arm_by(wanted, kind);
        // Another of ours is no reason to try a worse way.
        if (armed || armed.error().code == Errc::conflict) return armed;
        met.push_back(fmt::format("{}: {}", word_of(kind), armed.error().message));
    }
    return fail(Errc::failed,
                "taking the connections to the port on {}: {}",
                wanted.interface.empty() ? "every interface" : wanted.interface,
                join(met, "; "));
}

Result<void> remove_left(Kind kind, const Wanted& wanted) {
    if (kind == Kind::iptables) return IptablesInterception::remove(wanted);
    auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
    if (!socket) return fail(socket.error());
    const int error = socket->commit(removal_of(wanted.table));
    if (error == 0 || error == ENOENT) return {};
    return fail(
        Errc::failed, "removing the nftables table inet {}: {}", wanted.table, errno_text(error));
}

} // namespace squall::redirect
