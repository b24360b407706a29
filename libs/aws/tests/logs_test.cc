#include "squall/aws/logs.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

#include <set>

namespace squall::aws {
namespace {

constexpr WallTime start{FakeClock::start_of_wall};

// CloudWatch Logs behind a FakeAws: one group, the streams that were made, and its limits.
class LogsTest : public testing::Test {
protected:
    LogsTest() {
        world.aws.on("logs:CreateLogStream", [this](const Received& received) {
            if (json::string_at(received.input, "logGroupName") != "squall")
                return error_answer(received, "ResourceNotFoundException", "no such log group");
            streams.insert(std::string(json::string_at(received.input, "logStreamName")));
            return wire::HttpResponse{200, {}, ""};
        });
        world.aws.on("logs:PutLogEvents",
                     [this](const Received& received) { return put(received); });
    }

    wire::HttpResponse put(const Received& received) {
        if (!streams.contains(std::string(json::string_at(received.input, "logStreamName"))))
            return error_answer(received, "ResourceNotFoundException", "no such log stream");
        const auto& events = json::array_at(received.input, "logEvents");
        std::size_t size = 0;
        std::int64_t last = 0;
        for (const auto& event : events) {
            size += json::string_at(event, "message").size() + 26;
            const auto at = json::integer_at(event, "timestamp");
            if (at < last || json::string_at(event, "message").empty())
                return error_answer(received, "InvalidParameterException", "out of order or empty");
            last = at;
        }
        const auto span = Millis(last - json::integer_at(events.front(), "timestamp"));
        if (events.size() > 10'000 || size > 1'048'576 || span >= std::chrono::hours(24))
            return error_answer(received, "InvalidParameterException", "too much at once");
        taken += events.size();
        return json_answer({});
    }

    auto write(std::vector<LogEvent> events) {
        return logs.put_log_events({"squall", "monitor"}, std::move(events), world.soon(), {});
    }

    std::set<std::string> streams{"monitor"};
    std::size_t taken = 0;
    World world;
    Logs logs{world.client};
};

TEST_F(LogsTest, EventsGoOutInTheOrderOfTheirTimes) {
    EXPECT_EQ(write({{start + Seconds(1), "b"}, {start, "a"}, {start, ""}}).value(), 0U);
    EXPECT_EQ(json::text(world.aws.received().back().input),
              R"({"logGroupName":"squall","logStreamName":"monitor","logEvents":[)"
              R"({"timestamp":1795226400000,"message":"a"},)"
              R"({"timestamp":1795226401000,"message":"b"}]})");
}

TEST_F(LogsTest, AStreamThatIsMissingIsMade) {
    streams.clear();
    EXPECT_TRUE(write({{start, "a"}}));
    EXPECT_EQ(taken, 1U);
    EXPECT_EQ(streams.count("monitor"), 1U);
    const auto missing = logs.put_log_events({"other", "new"}, {{start, "a"}}, world.soon(), {});
    EXPECT_EQ(missing.error().kind, Errc::not_found);
    EXPECT_EQ(missing.error().message, "no such log group");
}

TEST_F(LogsTest, AStreamThatSomebodyElseMakesMeanwhileIsAsGood) {
    streams.clear();
    world.aws.on_first(1, "logs:CreateLogStream", [this](const Received& received) {
        streams.insert("monitor");
        return error_answer(received, "ResourceAlreadyExistsException", "it exists");
    });
    EXPECT_TRUE(write({{start, "a"}}));
    EXPECT_EQ(taken, 1U);
}

TEST_F(LogsTest, NoCallIsLongerThanItMayBeInEventsBytesOrHours) {
    EXPECT_TRUE(write(std::vector<LogEvent>(10'001, {start, "x"})));
    EXPECT_EQ(world.aws.received().size(), 2U);
    EXPECT_TRUE(write(std::vector<LogEvent>(3, {start, std::string(400'000, 'x')})));
    EXPECT_EQ(world.aws.received().size(), 4U);
    std::vector<LogEvent> days;
    for (int hour = 0; hour < 60; ++hour)
        days.push_back({start + std::chrono::hours(hour), "x"});
    EXPECT_TRUE(write(days));
    EXPECT_EQ(world.aws.received().size(), 7U);
    EXPECT_EQ(taken, 10'001U + 3U + 60U);
    EXPECT_TRUE(write({}));
    EXPECT_EQ(world.aws.received().size(), 7U);
}

TEST_F(LogsTest, WhatIsTooOldOrTooNewIsCounted) {
    world.aws.on("logs:PutLogEvents", [](const Received&) {
        return json_answer({{"rejectedLogEventsInfo",
                             {{"tooOldLogEventEndIndex", 2}, {"tooNewLogEventStartIndex", 4}}}});
    });
    EXPECT_EQ(write(std::vector<LogEvent>(5, {start, "x"})).value(), 3U);
    world.aws.on("logs:PutLogEvents", [](const Received&) {
        return json_answer({{"rejectedLogEventsInfo", {{"expiredLogEventEndIndex", 900}}}});
    });
    EXPECT_EQ(write({{start, "x"}}).value(), 1U) << "no more than there were";
}

} // namespace
} // namespace squall::aws
