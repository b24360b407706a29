#include "runtime/container_json.h"
#include "runtime/health_check.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <gtest/gtest.h>

namespace squall::labhost::runtime {
namespace {

const WallTime start = parse_time("2026-11-21T10:00:00Z").value();

Answer<std::optional<HealthCheck>> parse(std::string_view text) {
    return parse_health_check(json::parse(text).value());
}

std::string refusal(std::string_view text) {
    const auto parsed = parse(text);
    return parsed ? "accepted"
                  : fmt::format("{} {}", parsed.error().status, parsed.error().message);
}

CheckResult result(Seconds after_start, int exit_code, std::string output = "") {
    return {start + after_start, start + after_start + Seconds(1), exit_code, std::move(output)};
}

TEST(HealthCheck, HasDockersDefaultsForWhatIsLeftOut) {
    const auto check = parse(R"({"Test":["CMD-SHELL","curl -f localhost"]})").value().value();
    EXPECT_EQ(join(check.argv, "|"), "/bin/sh|-c|curl -f localhost");
    EXPECT_EQ(check.interval, Seconds(30));
    EXPECT_EQ(check.timeout, Seconds(30));
    EXPECT_EQ(check.start_period, Seconds(0));
    EXPECT_EQ(check.retries, 3);
    EXPECT_FALSE(parse("null").value());
    EXPECT_FALSE(parse(R"({"Test":["NONE"]})").value());
    EXPECT_FALSE(parse(R"({"Interval":5000000000})").value());
}

TEST(HealthCheck, TakesTimesInNanoseconds) {
    const auto check = parse(R"({"Test":["CMD","/check","-q"],"Interval":5000000000,
                                 "Timeout":2000000,"StartPeriod":60000000000,"Retries":1})")
                           .value()
                           .value();
    EXPECT_EQ(join(check.argv, "|"), "/check|-q");
    EXPECT_EQ(check.interval, Seconds(5));
    EXPECT_EQ(check.timeout, Millis(2));
    EXPECT_EQ(check.start_period, Seconds(60));
    EXPECT_EQ(check.retries, 1);
    EXPECT_TRUE(parse(R"({"Test":["/check"]})").value()->argv.empty()) << "a kind nobody knows";
}

TEST(HealthCheck, RefusesWhatDockerRefuses) {
    EXPECT_EQ(refusal(R"({"Test":["CMD","x"],"Interval":1})"),
              "400 Interval in Healthcheck cannot be less than 1ms");
    EXPECT_EQ(refusal(R"({"Test":["CMD","x"],"Timeout":-5})"),
              "400 Timeout in Healthcheck cannot be less than 1ms");
    EXPECT_EQ(refusal(R"({"Test":["CMD","x"],"Retries":-1})"),
              "400 Retries in Healthcheck cannot be negative");
}

TEST(Health, IsUnhealthyAfterAsManyFailuresInARowAsThereAreRetries) {
    HealthCheck check;
    check.retries = 2;
    Health health;
    EXPECT_EQ(name_of(health.status()), "starting");
    health.record(result(Seconds(5), 1), check, start);
    EXPECT_EQ(name_of(health.status()), "starting");
    health.record(result(Seconds(10), 0), check, start);
    EXPECT_EQ(name_of(health.status()), "healthy");
    health.record(result(Seconds(15), -1), check, start);
    EXPECT_EQ(name_of(health.status()), "healthy") << "once is not in a row";
    health.record(result(Seconds(20), 7), check, start);
    EXPECT_EQ(name_of(health.status()), "unhealthy");
    EXPECT_EQ(health.failing_streak(), 2);
    health.record(result(Seconds(25), 0), check, start);
    EXPECT_EQ(name_of(health.status()), "healthy") << "and it may come back";
    EXPECT_EQ(health.failing_streak(), 0);
}

TEST(Health, DoesNotCountFailuresOfTheStartPeriodUntilSomethingWasWell) {
    HealthCheck check;
    check.retries = 1;
    check.start_period = Seconds(60);
    Health never_well;
    never_well.record(result(Seconds(59), 1), check, start);
    EXPECT_EQ(name_of(never_well.status()), "starting");
    EXPECT_EQ(never_well.failing_streak(), 0);
    never_well.record(result(Seconds(60), 1), check, start);
    EXPECT_EQ(name_of(never_well.status()), "unhealthy");
    Health was_well;
    was_well.record(result(Seconds(5), 0), check, start);
    was_well.record(result(Seconds(10), 1), check, start);
    EXPECT_EQ(name_of(was_well.status()), "unhealthy");
}

TEST(Health, KeepsTheLastFiveResultsAndTheBeginningOfTheirOutput) {
    Health health;
    for (int i = 0; i < 8; ++i)
        health.record(result(Seconds(i), i, std::string(5000, 'x')), {}, start);
    ASSERT_EQ(health.results().size(), Health::log_max);
    EXPECT_EQ(health.results().front().exit_code, 3);
    EXPECT_EQ(health.results().back().output.size(), Health::output_max);
}

TEST(Health, StandsInTheStatusOfARunningContainerOnly) {
    ContainerState state;
    state.status = Status::running;
    state.started_at = start;
    Health health;
    EXPECT_EQ(status_text(state, start + Seconds(5), health), "Up 5 seconds (health: starting)");
    health.record(result(Seconds(5), 0), {}, start);
    EXPECT_EQ(status_text(state, start + Seconds(5), health), "Up 5 seconds (healthy)");
    EXPECT_EQ(status_text(state, start + Seconds(5)), "Up 5 seconds");
    health.ended();
    EXPECT_EQ(name_of(health.status()), "unhealthy");
    state.status = Status::exited;
    state.finished_at = start;
    EXPECT_EQ(status_text(state, start + Seconds(5), health), "Exited (0) 5 seconds ago");
}

} // namespace
} // namespace squall::labhost::runtime
