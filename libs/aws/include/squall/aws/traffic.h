// What all clients of one process share: how much they may repeat, how fast they may go, what they
// have sent, and how far AWS's clock is from ours. Everything may be used from several threads at
// once.
#pragma once

#include "squall/aws/rate_limit.h"
#include "squall/aws/retry.h"
#include "squall/aws/service.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace squall::aws {

// Requests that were sent, by "service:Operation"; repetitions count, what never left does not.
class CallCounts {
public:
    void add(const std::string& operation);
    [[nodiscard]] std::map<std::string, std::uint64_t> by_operation() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> counts_;
};

class Traffic {
public:
    // `seed` decides the jitter of repetitions.
    explicit Traffic(std::uint64_t seed) : random_(seed) {}

    // One service that fails does not use up the repetitions of another.
    [[nodiscard]] RetryTokens& retry_tokens(ServiceId service) {
        return retry_tokens_.at(static_cast<std::size_t>(service));
    }

    [[nodiscard]] RateLimits& rates() { return rates_; }

    [[nodiscard]] CallCounts& counts() { return counts_; }

    [[nodiscard]] RandomSource& random() { return random_; }

    // What is added to this machine's time before signing.
    [[nodiscard]] Wall::duration clock_offset() const { return Wall::duration(offset_.load()); }

    void set_clock_offset(Wall::duration offset) { offset_ = offset.count(); }

    // How far AWS's clock is ahead of this machine's, as its last answer had it. To the second, and
    // less than two of them are none. For who compares AWS's times with this machine's.
    [[nodiscard]] Wall::duration server_ahead() const { return Wall::duration(ahead_.load()); }

    void set_server_ahead(Wall::duration ahead) { ahead_ = ahead.count(); }

private:
    std::array<RetryTokens, service_count> retry_tokens_;
    RateLimits rates_;
    CallCounts counts_;
    RandomSource random_;
    std::atomic<Wall::duration::rep> offset_ = 0;
    std::atomic<Wall::duration::rep> ahead_ = 0;
};

} // namespace squall::aws
