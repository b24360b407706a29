// The access keys that the lab accepts, and who they stand for.
#pragma once

#include "api/call.h"
#include "squall/wire/sigv4.h"

#include <optional>

namespace squall::lab {

struct AccessKey {
    wire::SigningCredentials credentials;
    Principal principal;
    std::optional<WallTime> expires; // nothing: a user's long-term key
};

class KeyRing {
public:
    // Session keys that ran out are forgotten when there are more than this.
    static constexpr std::size_t keys_max = 20'000;

    explicit KeyRing(std::string account) : account_(std::move(account)) {}

    // A user's key pair, as IAM makes them.
    const AccessKey& add_user(const std::string& user_name);
    const AccessKey& add(AccessKey key);
    // Temporary keys of a role session.
    AccessKey new_session(const std::string& role_arn,
                          const std::string& session_name,
                          WallTime now,
                          Seconds lifetime);

    [[nodiscard]] const AccessKey* find(std::string_view access_key_id) const;

    [[nodiscard]] const std::string& account() const { return account_; }

private:
    void forget_expired(WallTime now);

    std::string account_;
    std::map<std::string, AccessKey, std::less<>> keys_;
};

} // namespace squall::lab
