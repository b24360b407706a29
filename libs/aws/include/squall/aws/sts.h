// AWS Security Token Service: who we are, and becoming somebody else.
#pragma once

#include "squall/aws/client.h"
#include "squall/aws/credentials.h"

#include <stop_token>
#include <string>

namespace squall::aws {

struct CallerIdentity {
    std::string arn;
    std::string account;
    std::string user_id;
};

struct AssumeRoleRequest {
    std::string role_arn;
    std::string session_name; // 2 to 64 of [A-Za-z0-9_+=,.@-]
    std::string external_id;  // empty: none
    Seconds lifetime{3600};
};

struct WebIdentityRequest {
    std::string role_arn;
    std::string session_name;
    std::string token; // a JSON web token: a secret
    Seconds lifetime{3600};
};

// As thread-safe as its client, which must outlive it.
class Sts {
public:
    explicit Sts(Client& client) : client_(client) {}

    [[nodiscard]] Outcome<CallerIdentity> get_caller_identity(Deadline deadline,
                                                              const std::stop_token& stop);
    [[nodiscard]] Outcome<Credentials>
    assume_role(const AssumeRoleRequest& request, Deadline deadline, const std::stop_token& stop);
    // Wants a client without keys: the token is what proves who asks.
    [[nodiscard]] Outcome<Credentials> assume_role_with_web_identity(
        const WebIdentityRequest& request, Deadline deadline, const std::stop_token& stop);

private:
    Client& client_;
};

} // namespace squall::aws
