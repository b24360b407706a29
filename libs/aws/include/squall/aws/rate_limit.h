// Keeps a process below the rates that AWS allows an account, so that a large fleet is asked about
// slowly instead of being refused. AWS's limits are token buckets per account, region and class of
// operation, shared with whoever else works in the account: we take at most four fifths.
#pragma once

#include "squall/aws/service.h"
#include "squall/base/clock.h"

#include <array>
#include <mutex>
#include <optional>
#include <string_view>

namespace squall::aws {

struct Rate {
    double burst = 1;
    double per_second = 1;
};

// One bucket: hands out the moments at which calls may go out.
class Pace {
public:
    explicit Pace(Rate rate) : rate_(rate) {}

    // When the next call may go out: `now`, or later when the bucket is empty. Nothing, and nothing
    // taken, when that is later than `latest`.
    [[nodiscard]] std::optional<SteadyTime> reserve(SteadyTime now, SteadyTime latest);

private:
    Rate rate_;
    // The moment from which the bucket is full again: one number is the whole state of a bucket.
    SteadyTime full_at_ = SteadyTime::min();
};

// The rate of an operation's class, which operations of one class share. SQS and DynamoDB limit
// queues and tables instead of callers: their rate is one that nothing here reaches.
[[nodiscard]] Rate rate_of(ServiceId service, std::string_view operation);

// May be used from several threads at once.
class RateLimits {
public:
    RateLimits();

    [[nodiscard]] std::optional<SteadyTime>
    reserve(ServiceId service, std::string_view operation, SteadyTime now, SteadyTime latest);

private:
    static constexpr std::size_t class_count = 16;

    std::mutex mutex_;
    std::array<std::optional<Pace>, class_count> paces_;
};

} // namespace squall::aws
