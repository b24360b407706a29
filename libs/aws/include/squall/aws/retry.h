// When a call to AWS is worth repeating, and after how long: the SDKs' "standard" mode, with the
// five attempts of botocore's older one, which people are used to. Pure: no clock, no waiting.
//
// Every call is repeated alike, SendCommand too, as the SDKs do: a command that ran twice because
// an answer was lost is what each of our commands must stand anyway.
#pragma once

#include "squall/aws/error.h"
#include "squall/base/clock.h"
#include "squall/wire/http_message.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <random>

namespace squall::aws {

struct RetrySettings {
    int attempts_max = 5;
    Millis backoff_max{20'000};
    Millis retry_after_max{20'000}; // what a server's Retry-After is cut to
    Millis attempt_timeout{30'000}; // a connection that hangs must not use up the whole call
};

enum class RetryReason {
    none,      // repeating changes nothing
    busy,      // throttled
    transient, // 5xx, a connection that could not be made or broke
    no_answer, // an attempt that took too long
};

[[nodiscard]] RetryReason reason_to_retry(const ApiError& error);

// What a repetition takes from RetryTokens.
[[nodiscard]] int retry_cost(RetryReason reason);

// Full jitter: random × min(2^retry s, backoff_max), `retry` counting from 0, `random` in [0, 1).
[[nodiscard]] Millis backoff(int retry, double random, const RetrySettings& settings);

// Retry-After in seconds or as a date, or x-amz-retry-after in milliseconds. Never negative.
[[nodiscard]] std::optional<Millis> retry_after(const wire::Headers& headers, WallTime now);

[[nodiscard]] bool says_credentials_expired(const ApiError& error);

// How far the server's clock (its Date header) is ahead of `signed_at`, when `error` can have come
// from clocks that differ and they do, by more than the SDKs' four minutes.
[[nodiscard]] std::optional<Wall::duration>
clock_difference(const ApiError& error, const wire::Headers& headers, WallTime signed_at);

// How far the server's clock (its Date header) is ahead of `now`; two seconds are none. Nothing
// when it does not say.
[[nodiscard]] std::optional<Wall::duration> server_ahead_by(const wire::Headers& headers,
                                                            WallTime now);

// How many repetitions a process may still afford: when a service fails for everybody, repeating
// every call five times only adds to it. May be used from several threads at once.
class RetryTokens {
public:
    static constexpr int tokens_max = 500;

    // False, and nothing taken, when there are fewer.
    [[nodiscard]] bool take(int cost);
    void give_back(int tokens);
    [[nodiscard]] int left() const;

private:
    mutable std::mutex mutex_;
    int tokens_ = tokens_max;
};

// Numbers in [0, 1). May be used from several threads at once.
class RandomSource {
public:
    explicit RandomSource(std::uint64_t seed) : engine_(seed) {}

    [[nodiscard]] double next();

private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
};

} // namespace squall::aws
