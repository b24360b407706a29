#include "squall/aws/events.h"

#include "fake_aws.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

// EventBridge behind a FakeAws: refuses the events of source "bad", as it does one by one.
class EventsTest : public testing::Test {
protected:
    EventsTest() {
        world.aws.on("events:PutEvents", [](const Received& received) {
            const auto& entries = json::array_at(received.input, "Entries");
            if (entries.empty() || entries.size() > 10)
                return error_answer(received, "ValidationException", "1 to 10 entries");
            std::size_t size = 0;
            json::Array results;
            for (const auto& entry : entries) {
                size += json::string_at(entry, "Detail").size();
                if (json::string_at(entry, "Source") == "bad")
                    results.push_back(json::Object{{"ErrorCode", "ThrottlingException"},
                                                   {"ErrorMessage", "Rate exceeded"}});
                else
                    results.push_back(json::Object{{"EventId", "e"}});
            }
            if (size >= 256 * 1024)
                return error_answer(received, "ValidationException", "Total size is too large");
            return json_answer({{"FailedEntryCount", 0}, {"Entries", results}});
        });
    }

    auto put(const std::vector<EventEntry>& entries) {
        return events.put_events("alarms", entries, world.soon(), {});
    }

    World world;
    Events events{world.client};
};

TEST_F(EventsTest, AnEventGoesOutWithItsDetailAsText) {
    const EventEntry entry{"squall.monitor",
                           "Agent Gone",
                           {{"instance", "i-1"}},
                           {"arn:i-1"},
                           WallTime(FakeClock::start_of_wall)};
    EXPECT_TRUE(put({entry, {"s", "t", {}, {}, {}}}).value().empty());
    const auto received = world.aws.received().back();
    EXPECT_EQ(json::text(received.input),
              R"({"Entries":[{"Source":"squall.monitor","DetailType":"Agent Gone",)"
              R"("Detail":"{\"instance\":\"i-1\"}","EventBusName":"alarms",)"
              R"("Resources":["arn:i-1"],"Time":1795226400},)"
              R"({"Source":"s","DetailType":"t","Detail":"{}","EventBusName":"alarms"}]})");
    EXPECT_EQ(received.server.host, "events.us-east-1.amazonaws.com");
}

TEST_F(EventsTest, WhatWasNotTakenIsToldByItsPlace) {
    std::vector<EventEntry> entries(23, EventEntry{"good", "t", {}, {}, {}});
    entries[11].source = "bad";
    const auto failures = put(entries).value();
    EXPECT_EQ(world.aws.received().size(), 3U);
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_EQ(failures[0].index, 11U);
    EXPECT_EQ(failures[0].code, "ThrottlingException");
    EXPECT_EQ(failures[0].message, "Rate exceeded");
}

TEST_F(EventsTest, ACallIsNotLongerThanEventBridgeTakes) {
    const std::string text(100'000, 'x');
    EXPECT_TRUE(
        put(std::vector<EventEntry>(5, {"s", "t", {{"text", text}}, {}, {}})).value().empty());
    EXPECT_EQ(world.aws.received().size(), 3U);
}

TEST_F(EventsTest, AnEventThatIsNotSpokenOfIsAFailure) {
    world.aws.on("events:PutEvents", [](const Received&) { return json_answer({}); });
    const auto failures = put({{"s", "t", {}, {}, {}}}).value();
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_EQ(failures[0].code, EntryFailure::not_answered);
}

TEST_F(EventsTest, ARefusalNamesTheBus) {
    world.aws.on("events:PutEvents", [](const Received& received) {
        return error_answer(received, "AccessDeniedException", "Access denied.");
    });
    world.aws.on("sts:GetCallerIdentity", [](const Received&) { return connection_lost(); });
    const auto error = put({{"s", "t", {}, {}, {}}}).error();
    EXPECT_EQ(json::string_at(json::parse_object(error.statement).value(), "Resource"),
              "arn:aws:events:us-east-1:*:event-bus/alarms");
}

} // namespace
} // namespace squall::aws
