// Runs over more hosts than a few calls reach: told slowly, asked after slowly, and all of them
// held together.
#include "fake_world.h"
#include "fleet_times.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

// Beyond what the rates of SSM let out at once.
constexpr int many = 1050;

TEST(LargeFleets, TakeNoTimeUntilTheRatesDo) {
    EXPECT_EQ(fleet_times(1000).sending, Seconds(0));
    EXPECT_EQ(fleet_times(1000).looking, Seconds(0));
    EXPECT_EQ(fleet_times(10'000).sending, Seconds(18));
    EXPECT_EQ(fleet_times(10'000).looking, Seconds(18));
}

TEST(LargeFleets, AreHeldTogetherForTheWholeDuration) {
    TestWorld test(many);
    std::map<std::string, WallTime> stopped;
    std::map<std::string, WallTime> started;
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "injected") stopped[event.target] = event.at;
        if (event.kind == "reverted") started[event.target] = event.at;
    };
    const auto result = test.run(test.plan(duration(60)));
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_TRUE(all_agents_run(test));
    ASSERT_EQ(stopped.size(), static_cast<std::size_t>(many));
    ASSERT_EQ(started.size(), static_cast<std::size_t>(many));
    WallTime last_stop = start_of_test;
    for (const auto& [id, when] : stopped)
        last_stop = std::max(last_stop, when);
    for (const auto& [id, when] : started)
        EXPECT_GE(when - last_stop, Seconds(60)) << id;
    // Each of them got the order in its time, and was asked for by fifties.
    EXPECT_EQ(test.events.count("not-injected"), 0);
    EXPECT_EQ(test.aws.calls["SendCommand"], 2 * many / 50);
}

TEST(LargeFleets, WriteTheIntentOfEachBatchBeforeItIsTold) {
    TestWorld test(many);
    int sends = 0;
    test.aws.on_call = [&](const std::string& operation) {
        if (operation != "SendCommand" || ++sends > many / 50) return;
        const auto events = test.files.journal->events("r-test").value();
        EXPECT_EQ(std::count_if(events.begin(),
                                events.end(),
                                [](const Event& event) { return event.kind == "intent"; }),
                  50 * sends);
    };
    const auto result = test.run(test.plan(duration(60)));
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_GE(sends, many / 50);
}

TEST(LargeFleets, TakeBackWhatWasToldWhenARestCannotBe) {
    TestWorld test(many);
    int sends = 0;
    test.aws.on_call = [&](const std::string& operation) {
        if (operation != "SendCommand") return;
        ++sends;
        test.aws.fail_with.erase("SendCommand");
        if (sends == 3) test.aws.fail_with["SendCommand"] = {"AccessDeniedException", "no", 400};
    };
    const auto result = test.run(test.plan(duration(60)));
    EXPECT_NE(result.verdict, Verdict::passed);
    EXPECT_TRUE(all_agents_run(test)) << result.reason;
    int stopped = 0;
    for (const auto& [id, host] : test.aws.hosts())
        stopped += host.stops;
    EXPECT_EQ(stopped, 100);
}

} // namespace
} // namespace squall::experiment
