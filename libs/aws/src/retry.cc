#include "squall/aws/retry.h"

#include "codes.h"
#include "http_date.h"
#include "squall/base/text.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace squall::aws {
namespace {

// The SDKs' list of what means "too many requests".
constexpr std::array<std::string_view, 13> throttling_codes = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException"};

// The last one: STS could not reach the issuer of a web identity token just now.
constexpr std::array<std::string_view, 3> transient_codes = {
    "RequestTimeout", "RequestTimeoutException", "IDPCommunicationError"};

// Codes that say so, and codes that a wrong clock gives among other reasons.
constexpr std::array<std::string_view, 6> clock_codes = {"RequestTimeTooSkewed",
                                                         "RequestExpired",
                                                         "RequestInTheFuture",
                                                         "InvalidSignatureException",
                                                         "SignatureDoesNotMatch",
                                                         "AuthFailure"};

} // namespace

RetryReason reason_to_retry(const ApiError& error) {
    if (is_one_of(error.code, throttling_codes) || error.status == 429 || error.status == 509)
        return RetryReason::busy;
    if (is_one_of(error.code, transient_codes)) return RetryReason::transient;
    // 501 is for what a server will never do.
    if (error.status == 500 || error.status == 502 || error.status == 503 || error.status == 504)
        return RetryReason::transient;
    if (error.status != 0) return RetryReason::none;
    if (error.kind == Errc::timed_out) return RetryReason::no_answer;
    // A connection that could not be made, and one that broke off.
    const bool connection = error.kind == Errc::unavailable || error.kind == Errc::failed;
    return connection ? RetryReason::transient : RetryReason::none;
}

int retry_cost(RetryReason reason) { return reason == RetryReason::no_answer ? 10 : 5; }

Millis backoff(int retry, double random, const RetrySettings& settings) {
    const double exponential = 1000.0 * std::exp2(std::min(retry, 30));
    const double longest = std::min(exponential, static_cast<double>(settings.backoff_max.count()));
    return Millis(static_cast<Millis::rep>(random * longest));
}

std::optional<Millis> retry_after(const wire::Headers& headers, WallTime now) {
    // Longer than a day is nonsense, and could overflow what is computed from it.
    constexpr std::int64_t seconds_max = 86'400;
    if (const auto millis = to_integer(wire::header_value(headers, "x-amz-retry-after")))
        return Millis(std::clamp<std::int64_t>(*millis, 0, seconds_max * 1000));
    const std::string_view text = wire::header_value(headers, "Retry-After");
    if (const auto seconds = to_integer(text))
        return Seconds(std::clamp<std::int64_t>(*seconds, 0, seconds_max));
    if (const auto date = parse_http_date(text)) {
        const auto left = std::chrono::ceil<Seconds>(*date - now).count();
        return Seconds(std::clamp<std::int64_t>(left, 0, seconds_max));
    }
    return std::nullopt;
}

bool says_credentials_expired(const ApiError& error) {
    // RequestExpired is what EC2 says of both, credentials and clocks.
    return error.code == "ExpiredToken" || error.code == "ExpiredTokenException"
           || error.code == "RequestExpired";
}

std::optional<Wall::duration>
clock_difference(const ApiError& error, const wire::Headers& headers, WallTime signed_at) {
    constexpr std::chrono::minutes tolerated{4};
    if (!is_one_of(error.code, clock_codes)) return std::nullopt;
    const auto date = parse_http_date(wire::header_value(headers, "Date"));
    if (!date) return std::nullopt;
    const Wall::duration difference = *date - signed_at;
    if (difference <= tolerated && difference >= -tolerated) return std::nullopt;
    return difference;
}

std::optional<Wall::duration> server_ahead_by(const wire::Headers& headers, WallTime now) {
    constexpr Seconds tolerated{2}; // the header has whole seconds, and was under way
    const auto date = parse_http_date(wire::header_value(headers, "Date"));
    if (!date) return std::nullopt;
    const Wall::duration ahead = *date - now;
    if (ahead <= tolerated && ahead >= -tolerated) return Wall::duration(0);
    return ahead;
}

bool RetryTokens::take(int cost) {
    const std::lock_guard lock(mutex_);
    if (tokens_ < cost) return false;
    tokens_ -= cost;
    return true;
}

void RetryTokens::give_back(int tokens) {
    const std::lock_guard lock(mutex_);
    tokens_ = std::min(tokens_max, tokens_ + tokens);
}

int RetryTokens::left() const {
    const std::lock_guard lock(mutex_);
    return tokens_;
}

double RandomSource::next() {
    const std::lock_guard lock(mutex_);
    return std::uniform_real_distribution<double>(0, 1)(engine_);
}

} // namespace squall::aws
