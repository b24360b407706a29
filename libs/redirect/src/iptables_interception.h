// The interception by the iptables programs, for kernels without nf_tables. Nothing in the kernel
// ends it: whoever starts it keeps a second process for that (remove_left).
#pragma once

#include "squall/redirect/interception.h"

namespace squall::redirect {

class IptablesInterception final : public Interception {
public:
    // Fails with not_found where there is no iptables program.
    [[nodiscard]] static Result<std::unique_ptr<Interception>> arm(const Wanted& wanted);

    ~IptablesInterception() override;

    [[nodiscard]] Kind kind() const override { return Kind::iptables; }

    [[nodiscard]] Result<void> renew() override { return {}; }

    [[nodiscard]] Result<void> disarm() override;
    [[nodiscard]] std::string list_command() const override;

    // What is there of it is removed: the jump, the chain, the use of connection tracking.
    [[nodiscard]] static Result<void> remove(const Wanted& wanted);

private:
    explicit IptablesInterception(const Wanted& wanted) : wanted_(wanted) {}

    Wanted wanted_;
};

} // namespace squall::redirect
