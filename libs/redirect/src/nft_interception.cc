#include "nft_interception.h"

#include <linux/netlink.h>

#include <cerrno>

namespace squall::redirect {
namespace {

std::string meaning_of(int error) {
    switch (error) {
    case EPERM:
        return "it needs root (CAP_NET_ADMIN)";
    case EOPNOTSUPP:
    case EINVAL:
    case ENOENT:
        return fmt::format("this kernel has not all of it ({})", errno_text(error));
    case EPROTONOSUPPORT:
        return "this kernel has no netfilter netlink";
    default:
        return errno_text(error);
    }
}

TableShape shape_of(Kind kind) { return {kind == Kind::tproxy_owner, kind != Kind::redirect}; }

} // namespace

NftInterception::NftInterception(NetlinkSocket socket, const Wanted& wanted, Kind kind)
    : socket_(std::move(socket)), wanted_(wanted), kind_(kind) {}

NftInterception::~NftInterception() {
    if (is_there_) static_cast<void>(socket_.commit(removal_of(wanted_.table)));
}

Result<std::unique_ptr<Interception>> NftInterception::arm(const Wanted& wanted, Kind kind) {
    auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
    if (!socket) return fail(socket.error());
    if (const int error = socket->commit(table_of(wanted, shape_of(kind))); error != 0) {
        if (error == EEXIST)
            return fail(Errc::conflict,
                        "an nftables table inet {} is there already: another proxy of this run",
                        wanted.table);
        return fail(Errc::failed, "making an nftables table: {}", meaning_of(error));
    }
    std::unique_ptr<NftInterception> made(new NftInterception(
        std::move(*socket), wanted, kind)); // NOLINT: its constructor is private
    if (auto armed = made->renew(); !armed) return fail(armed.error());
    return std::unique_ptr<Interception>(std::move(made));
}

Result<void> NftInterception::renew() {
    if (const int error = socket_.commit(lease_of(wanted_, lease_length)); error != 0)
        return fail(Errc::failed,
                    "renewing the lease in the nftables table inet {}: {}",
                    wanted_.table,
                    meaning_of(error));
    std::optional<Millis> left;
    const int error =
        socket_.ask(question_of_lease(wanted_), [&](std::uint16_t, std::string_view answer) {
            if (const auto expiry = expiry_of(answer))
                left = std::min(left.value_or(*expiry), *expiry);
        });
    // The kernel counts in jiffies of up to 10 ms.
    if (error != 0 || !left || *left + lease_renewal < lease_length)
        return fail(Errc::failed,
                    "the lease in the nftables table inet {} was renewed, but ends {}",
                    wanted_.table,
                    left ? fmt::format("in {} ms", left->count()) : "at once");
    return {};
}

Result<void> NftInterception::disarm() {
    // Redirected connections live on the table's use of connection tracking.
    const bool stays = holds_connections(wanted_, shape_of(kind_));
    const int error = socket_.commit(stays ? end_of_lease(wanted_) : removal_of(wanted_.table));
    if (error == 0 || error == ENOENT) {
        is_there_ = stays && error == 0;
        return {};
    }
    return fail(Errc::failed,
                "removing the nftables table inet {}: {}; its lease ends within {} s by itself",
                wanted_.table,
                errno_text(error),
                lease_length.count() / 1000);
}

std::string NftInterception::list_command() const {
    return fmt::format("nft list table inet {}", wanted_.table);
}

} // namespace squall::redirect
