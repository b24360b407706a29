// The instance metadata service, version 2, of one instance: answers by value, no sockets.
#pragma once

#include "api/key_ring.h"
#include "ec2/instances.h"

namespace squall::lab::ec2 {

class MetadataService {
public:
    static constexpr std::size_t tokens_max = 1000;
    static constexpr Seconds token_ttl_max{21600};
    // How long the role's credentials last from when they are asked for; they are renewed an hour
    // before.
    static constexpr std::chrono::hours credentials_lifetime{6};
    // How long ago stale ones expired, when they are given first.
    static constexpr std::chrono::minutes stale_for{5};

    MetadataService(KeyRing& keys, std::string region) : keys_(keys), region_(std::move(region)) {}

    [[nodiscard]] wire::HttpResponse
    answer(const Instance& instance, const wire::HttpRequest& request, WallTime now);

private:
    wire::HttpResponse new_token(const wire::HttpRequest& request, WallTime now);
    [[nodiscard]] std::optional<std::string>
    document(const Instance& instance, std::string_view path, WallTime now);
    // What is below iam/: nothing without a role.
    [[nodiscard]] std::optional<std::string>
    role_document(const Instance& instance, std::string_view leaf, WallTime now);
    void renew_keys(const Instance& instance, WallTime now);
    std::string credentials(const Instance& instance, WallTime now);

    KeyRing& keys_;
    std::string region_;
    std::map<std::string, WallTime, std::less<>> tokens_; // with the time each runs out
    std::optional<AccessKey> role_key_;
    std::string key_role_; // whose they are
};

} // namespace squall::lab::ec2
