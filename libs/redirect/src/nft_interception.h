// The interception by nf_tables.
#pragma once

#include "nft_rules.h"

namespace squall::redirect {

class NftInterception final : public Interception {
public:
    // `kind` is one of nf_tables'. Fails with not_supported where the kernel has no such thing, and
    // with conflict where a table of that name is there.
    [[nodiscard]] static Result<std::unique_ptr<Interception>> arm(const Wanted& wanted, Kind kind);

    ~NftInterception() override;

    [[nodiscard]] Kind kind() const override { return kind_; }

    [[nodiscard]] Result<void> renew() override;
    [[nodiscard]] Result<void> disarm() override;
    [[nodiscard]] std::string list_command() const override;

private:
    NftInterception(NetlinkSocket socket, const Wanted& wanted, Kind kind);

    NetlinkSocket socket_;
    Wanted wanted_;
    Kind kind_;
    bool is_there_ = true; // the table
};

} // namespace squall::redirect
