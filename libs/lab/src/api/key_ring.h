// The access keys that the lab accepts, and who they stand for.
#pragma once

#include "api/call.h"
#include "squall/wire/sigv4.h"

#include <optional>
#include <vector>

namespace squall::lab {

struct AccessKey {
    wire::SigningCredentials credentials;
    Principal principal;
    std::optional<WallTime> expires; // nothing: a user's long-term key
    WallTime created;
    bool is_active = true; // an inactive one is as if it were not there
};

class KeyRing {
public:
    // Session keys that ran out are forgotten when there are more than this.
    static constexpr std::size_t keys_max = 20'000;

    explicit KeyRing(std::string account) : account_(std::move(account)) {}

    // The id that IAM gives to whom an ARN names: AIDA… of a user, AROA… of a role, ANPA… of a
    // policy. The same for the same ARN.
    [[nodiscard]] static std::string unique_id(const std::string& prefix, std::string_view arn);

    // A user's key pair, as IAM makes them.
    const AccessKey& add_user(const std::string& user_name, WallTime now = {});
    const AccessKey& add_user_key(const Principal& user, WallTime now);
    const AccessKey& add(AccessKey key);
    // Temporary keys of a role session.
    AccessKey new_session(const std::string& role_arn,
                          const std::string& session_name,
                          WallTime now,
                          Seconds lifetime);

    [[nodiscard]] const AccessKey* find(std::string_view access_key_id) const;
    // A user's long-term keys.
    [[nodiscard]] std::vector<const AccessKey*> keys_of(std::string_view user_arn) const;
    // False when there is no such key.
    bool remove(std::string_view access_key_id);
    bool set_active(std::string_view access_key_id, bool is_active);
    // Ends the temporary keys of a role's sessions now. How many there were.
    std::size_t expire_sessions(std::string_view role_name, WallTime now);

    [[nodiscard]] const std::string& account() const { return account_; }

private:
    void forget_expired(WallTime now);

    std::string account_;
    std::map<std::string, AccessKey, std::less<>> keys_;
};

} // namespace squall::lab
