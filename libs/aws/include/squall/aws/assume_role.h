// A role assumed on top of other credentials (ASSUME_ROLE_ARN), renewed before it expires.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/credentials.h"
#include "squall/aws/sts.h"

#include <string>

namespace squall::aws {

struct RoleToAssume {
    std::string role_arn;
    std::string session_name; // as CloudTrail will show it: "squall-" and something telling
    std::string external_id;  // where the role's trust policy asks for one
};

// May be used from several threads at once.
class AssumeRoleProvider final : public CredentialsProvider {
public:
    // One hour: what every role allows, and what STS allows when a role assumes a role.
    static constexpr Seconds lifetime{3600};

    // `base` is a client with the credentials that assume the role; it must outlive this.
    AssumeRoleProvider(Client& base, Clock& clock, RoleToAssume role);

    [[nodiscard]] Outcome<Credentials> get(Deadline deadline, std::stop_token stop) override {
        return cached_.get(deadline, std::move(stop));
    }

    [[nodiscard]] Outcome<Credentials>
    refresh(const Credentials& refused, Deadline deadline, std::stop_token stop) override {
        return cached_.refresh(refused, deadline, std::move(stop));
    }

private:
    Outcome<Credentials> load(Deadline deadline, const std::stop_token& stop);

    Sts sts_;
    RoleToAssume role_;
    CachedCredentials cached_;
};

} // namespace squall::aws
