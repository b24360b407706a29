#include "squall/aws/retry.h"

#include "fake_aws.h"
#include "squall/aws/rate_limit.h"

#include <gtest/gtest.h>

#include <set>

namespace squall::aws {
namespace {

ApiError answered(const std::string& code, int status) {
    return answered_error("ecs:X", code, "text", status, "");
}

TEST(Retry, RepeatsWhatPassesAndNothingElse) {
    for (const char* code : {"Throttling",
                             "ThrottlingException",
                             "RequestLimitExceeded",
                             "TooManyRequestsException",
                             "EC2ThrottledException",
                             "SlowDown"})
        EXPECT_EQ(reason_to_retry(answered(code, 400)), RetryReason::busy) << code;
    EXPECT_EQ(reason_to_retry(answered("HTTP 429", 429)), RetryReason::busy);
    for (const int status : {500, 502, 503, 504})
        EXPECT_EQ(reason_to_retry(answered("ServerException", status)), RetryReason::transient);
    EXPECT_EQ(reason_to_retry(answered("RequestTimeout", 400)), RetryReason::transient);
    EXPECT_EQ(reason_to_retry(answered("HTTP 501", 501)), RetryReason::none);
    for (const char* code : {"AccessDeniedException",
                             "ClusterNotFoundException",
                             "InvalidParameterException",
                             "LimitExceededException",
                             "UnknownOperationException"})
        EXPECT_EQ(reason_to_retry(answered(code, 400)), RetryReason::none) << code;
}

TEST(Retry, RepeatsWhatWasNotAnswered) {
    const auto lost = [](Errc code) {
        return reason_to_retry(not_answered("ecs:X", {code, ""}));
    };
    EXPECT_EQ(lost(Errc::unavailable), RetryReason::transient);
    EXPECT_EQ(lost(Errc::failed), RetryReason::transient);
    EXPECT_EQ(lost(Errc::timed_out), RetryReason::no_answer);
    EXPECT_EQ(lost(Errc::interrupted), RetryReason::none);
    EXPECT_EQ(lost(Errc::invalid_input), RetryReason::none);
}

TEST(Backoff, DoublesFromOneSecondToItsLimitWithFullJitter) {
    const RetrySettings settings;
    EXPECT_EQ(backoff(0, 0.5, settings), Millis(500));
    EXPECT_EQ(backoff(1, 0.5, settings), Millis(1000));
    EXPECT_EQ(backoff(3, 0.5, settings), Millis(4000));
    EXPECT_EQ(backoff(4, 0.5, settings), Millis(8000));
    EXPECT_EQ(backoff(5, 0.5, settings), Millis(10'000));
    EXPECT_EQ(backoff(1000, 0.5, settings), Millis(10'000));
    EXPECT_EQ(backoff(3, 0, settings), Millis(0));
}

TEST(RetryAfter, IsReadInSecondsAsADateAndInMilliseconds) {
    const WallTime now{FakeClock::start_of_wall};
    const auto read = [&](const char* name, const std::string& value) {
        return retry_after({{name, value}}, now);
    };
    EXPECT_EQ(read("Retry-After", "7"), Millis(7000));
    EXPECT_EQ(read("retry-after", http_date(now + Seconds(90))), Millis(90'000));
    EXPECT_EQ(read("Retry-After", http_date(now - Seconds(90))), Millis(0));
    EXPECT_EQ(read("Retry-After", "-1"), Millis(0));
    EXPECT_EQ(read("Retry-After", "99999999999999999"), std::chrono::hours(24));
    EXPECT_EQ(read("Retry-After", "soon"), std::nullopt);
    EXPECT_EQ(read("Retry-After", "Sat, 99 Foo 2026 02:00:00 GMT"), std::nullopt);
    EXPECT_EQ(read("x-amz-retry-after", "1500"), Millis(1500));
    EXPECT_EQ(retry_after({}, now), std::nullopt);
}

TEST(RetryTokens, RunOutAndComeBack) {
    RetryTokens tokens;
    int repeats = 0;
    while (tokens.take(retry_cost(RetryReason::transient)))
        ++repeats;
    EXPECT_EQ(repeats, 100);
    tokens.give_back(9);
    EXPECT_FALSE(tokens.take(retry_cost(RetryReason::no_answer)));
    tokens.give_back(1);
    EXPECT_TRUE(tokens.take(retry_cost(RetryReason::no_answer)));
    tokens.give_back(10'000);
    EXPECT_EQ(tokens.left(), RetryTokens::tokens_max);
}

TEST(RandomSource, RepeatsItselfForTheSameSeedAndStaysInItsRange) {
    RandomSource one(7);
    RandomSource two(7);
    std::set<double> numbers;
    for (int i = 0; i < 1000; ++i) {
        const double number = one.next();
        EXPECT_EQ(number, two.next());
        EXPECT_GE(number, 0);
        EXPECT_LT(number, 1);
        numbers.insert(number);
    }
    EXPECT_GT(numbers.size(), 990U);
}

TEST(ClockDifference, IsSeenWhenItExplainsARefusal) {
    const WallTime signed_at{FakeClock::start_of_wall};
    const auto difference = [&](const char* code, Seconds ahead) {
        return clock_difference(
            answered(code, 403), {{"Date", http_date(signed_at + ahead)}}, signed_at);
    };
    for (const char* code : {"RequestTimeTooSkewed",
                             "RequestExpired",
                             "InvalidSignatureException",
                             "SignatureDoesNotMatch",
                             "AuthFailure"})
        EXPECT_EQ(difference(code, Seconds(3600)), Seconds(3600)) << code;
    EXPECT_EQ(difference("RequestExpired", Seconds(-3600)), Seconds(-3600));
    EXPECT_EQ(difference("InvalidSignatureException", Seconds(200)), std::nullopt);
    EXPECT_EQ(difference("AccessDeniedException", Seconds(3600)), std::nullopt);
    EXPECT_EQ(clock_difference(answered("RequestExpired", 403), {}, signed_at), std::nullopt);
}

TEST(Pace, LetsABurstGoAndThenKeepsItsRate) {
    const SteadyTime start{std::chrono::hours(1)};
    Pace pace({3, 2});
    std::vector<Millis> times;
    for (int i = 0; i < 6; ++i) {
        const auto when = pace.reserve(start, SteadyTime::max()).value();
        times.push_back(std::chrono::duration_cast<Millis>(when - start));
    }
    EXPECT_EQ(times,
              (std::vector<Millis>{
                  Millis(0), Millis(0), Millis(0), Millis(500), Millis(1000), Millis(1500)}));
    // Three seconds later everything is spent and half refilled: 1.5 s of debt, 3 s of credit.
    const auto later = start + Seconds(3);
    EXPECT_EQ(pace.reserve(later, SteadyTime::max()), later);
}

TEST(Pace, TakesNothingForACallThatCannotWait) {
    const SteadyTime start{std::chrono::hours(1)};
    Pace pace({1, 1});
    EXPECT_TRUE(pace.reserve(start, start));
    EXPECT_FALSE(pace.reserve(start, start + Millis(999)));
    EXPECT_EQ(pace.reserve(start, start + Seconds(1)), start + Seconds(1));
}

TEST(RateLimits, StayBelowWhatAwsPublishes) {
    const auto below = [](ServiceId service, const char* operation, Rate published) {
        const Rate ours = rate_of(service, operation);
        return ours.burst < published.burst && ours.per_second < published.per_second;
    };
    EXPECT_TRUE(below(ServiceId::ecs, "DescribeClusters", {50, 20}));
    EXPECT_TRUE(below(ServiceId::ecs, "DescribeContainerInstances", {100, 20}));
    EXPECT_TRUE(below(ServiceId::ecs, "ListTasks", {100, 20}));
    EXPECT_TRUE(below(ServiceId::ecs, "DescribeServices", {100, 20}));
    EXPECT_TRUE(below(ServiceId::ecs, "UpdateService", {50, 5}));
    EXPECT_TRUE(below(ServiceId::ecs, "UpdateContainerInstancesState", {100, 40}));
    EXPECT_TRUE(below(ServiceId::ec2, "TerminateInstances", {50, 5}));
    EXPECT_TRUE(below(ServiceId::cloudwatch, "PutMetricData", {150, 150}));
}

TEST(RateLimits, DrainingDoesNotWaitForReadingNorQueuesForAnything) {
    const SteadyTime now{std::chrono::hours(1)};
    RateLimits limits;
    for (int i = 0; i < 100'000; ++i)
        ASSERT_EQ(limits.reserve(ServiceId::sqs, "ReceiveMessage", now, now), now);
    for (int i = 0; i < 80; ++i)
        ASSERT_EQ(limits.reserve(ServiceId::ecs, "DescribeTasks", now, now), now);
    EXPECT_FALSE(limits.reserve(ServiceId::ecs, "DescribeTasks", now, now));
    EXPECT_EQ(limits.reserve(ServiceId::ecs, "UpdateContainerInstancesState", now, now), now);
    EXPECT_EQ(limits.reserve(ServiceId::dynamodb, "PutItem", now, now), now);
}

TEST(RateLimits, OperationsOfOneClassShareABucketAndOthersDoNot) {
    const SteadyTime now{std::chrono::hours(1)};
    RateLimits limits;
    const auto burst = static_cast<int>(rate_of(ServiceId::ecs, "ListTasks").burst);
    for (int i = 0; i < burst; ++i)
        EXPECT_EQ(limits.reserve(ServiceId::ecs, "ListTasks", now, SteadyTime::max()), now);
    EXPECT_GT(limits.reserve(ServiceId::ecs, "DescribeTasks", now, SteadyTime::max()), now);
    EXPECT_EQ(limits.reserve(ServiceId::ecs, "DescribeClusters", now, SteadyTime::max()), now);
    EXPECT_EQ(limits.reserve(ServiceId::ssm, "SendCommand", now, SteadyTime::max()), now);
}

} // namespace
} // namespace squall::aws
