// The canary of a run: asked before, during and after the fault, and never waited for while it is
// in.
#include "fake_canary.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

using Words = std::vector<std::string>;

bool is_phase(const Event& event, std::string_view phase) {
    return event.kind == "phase" && json::string_at(event.data, "phase") == phase;
}

const Event& phase_of(const CanaryWorld& test, std::string_view phase) {
    return *std::find_if(test.events.events.begin(),
                         test.events.events.end(),
                         [&](const Event& event) { return is_phase(event, phase); });
}

TEST(HttpCanary, SeesTheFaultAsAClientDoes) {
    CanaryWorld test;
    const auto result = test.run_with_canary();
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_EQ(test.outcomes("before"), "200 3");
    EXPECT_EQ(test.outcomes("after"), "200 3");
    EXPECT_TRUE(test.outcomes("during").starts_with("503 ")) << test.outcomes("during");
    EXPECT_TRUE(json::bool_at(test.summary(), "differed"));
    EXPECT_EQ(test.proof(), (Words{"the proxies' counts", "the canary"}));
    EXPECT_NE(result.reason.find("its own requests are among those counted"), std::string::npos)
        << result.reason;
    EXPECT_EQ(test.warnings(), "");
}

TEST(HttpCanary, IsAskedAtOnceWhenTheHoldBeginsAndThenEveryFewSeconds) {
    CanaryWorld test;
    test.run_with_canary();
    std::vector<WallTime> during;
    const WallTime begins = phase_of(test, "hold").at;
    const WallTime ends = phase_of(test, "revert").at;
    for (const auto& [url, at] : test.canary.asked) {
        EXPECT_EQ(url, "http://web.example/ping");
        if (at >= begins && at < ends) during.push_back(at);
    }
    ASSERT_GT(during.size(), 15U);
    EXPECT_EQ(during.front(), begins);
    for (std::size_t i = 1; i < during.size(); ++i) {
        EXPECT_GE(during[i] - during[i - 1], Seconds(2));
        EXPECT_LE(during[i] - during[i - 1], Seconds(4));
    }
}

TEST(HttpCanary, EveryAnswerIsJournalled) {
    CanaryWorld test;
    test.run_with_canary();
    std::map<std::string, int> phases;
    const auto journalled = test.files.journal->events("r-test").value();
    for (const auto& event : journalled) {
        if (event.kind != "canary") continue;
        const std::string phase(json::string_at(event.data, "phase"));
        ++phases[phase];
        EXPECT_EQ(json::integer_at(event.data, "status"), phase == "during" ? 503 : 200);
        EXPECT_EQ(json::integer_at(event.data, "ms"), phase == "during" ? 1 : 3);
        EXPECT_EQ(json::bool_at(event.data, "differs"), phase == "during");
    }
    EXPECT_EQ(phases["before"], 3);
    EXPECT_EQ(phases["after"], 3);
    EXPECT_GT(phases["during"], 15);
}

TEST(HttpCanary, APlanAsksNothing) {
    CanaryWorld test;
    EXPECT_TRUE(test.plan_of(with({{"CANARY_URL", "http://web.example/"}})).has_value());
    EXPECT_TRUE(test.canary.asked.empty());
}

TEST(HttpCanary, WithoutAUrlNobodyIsAskedAndTheCountsAreTheProof) {
    CanaryWorld test;
    test.run(test.plan_of({}).value());
    EXPECT_TRUE(test.canary.asked.empty());
    EXPECT_FALSE(test.events.events.back().data.contains("canary"));
    EXPECT_EQ(test.proof(), Words{"the proxies' counts"});
}

TEST(HttpCanary, OneThatIsNotWellBeforeIsAWarningAndProvesNothing) {
    CanaryWorld test;
    test.normal.status = 503;
    const auto result = test.run_with_canary();
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_NE(test.warnings().find("does not answer well before the fault: HTTP 503"),
              std::string::npos)
        << test.warnings();
    EXPECT_EQ(test.outcomes("before"), "503 1") << "once says it all";
    EXPECT_FALSE(json::bool_at(test.summary(), "differed"));
    EXPECT_EQ(test.proof(), Words{"the proxies' counts"});
    EXPECT_NE(result.reason.find("the canary saw no difference"), std::string::npos)
        << result.reason;
}

TEST(HttpCanary, NoConnectionIsAnOutcomeLikeAnyOther) {
    CanaryWorld test("ecs-container-http-reset-peer");
    test.under_fault = {.error = "broken off", .why = "connection reset by peer"};
    test.run_with_canary();
    EXPECT_TRUE(test.outcomes("during").starts_with("broken off ")) << test.outcomes("during");
    EXPECT_TRUE(json::bool_at(test.summary(), "differed"));
}

TEST(HttpCanary, ADelayShowsWhereTheStatusDoesNot) {
    CanaryWorld test("ecs-container-http-latency");
    test.under_fault = test.normal;
    test.under_fault.took = Millis(2003);
    test.run_with_canary(with({{"LATENCY", "2000"}}));
    EXPECT_TRUE(test.outcomes("during").starts_with("200 ")) << test.outcomes("during");
    EXPECT_TRUE(json::bool_at(test.summary(), "differed"));
    EXPECT_EQ(json::integer_at(json::object_at(test.summary(), "during"), "slowest_ms"), 2003);
    EXPECT_EQ(test.warnings(), "") << "it may take so long, and a limit of its own besides";
}

TEST(HttpCanary, AServiceThatIsSlowByItselfProvesNoDelay) {
    CanaryWorld test("ecs-container-http-latency");
    test.normal.took = test.under_fault.took = Millis(2500);
    test.under_fault.status = 200;
    test.run_with_canary(with({{"LATENCY", "2000"}}));
    EXPECT_FALSE(json::bool_at(test.summary(), "differed"));
}

TEST(HttpCanary, AnotherBodyShowsUnderTheSameStatus) {
    CanaryWorld test("ecs-container-http-modify-body");
    test.under_fault = test.normal;
    test.under_fault.body = "by another task";
    test.run_with_canary(with({{"RESPONSE_BODY", "chaos"}}));
    EXPECT_FALSE(json::bool_at(test.summary(), "differed")) << "bodies may differ by themselves";
    test.under_fault.body = "chaos";
    test.run(test.plan_of(with({{"RESPONSE_BODY", "chaos"}, {"CANARY_URL", "http://x/"}})).value(),
             "r-2");
    EXPECT_TRUE(json::bool_at(test.summary(), "differed"));
}

TEST(HttpCanary, ChangedHeadersShowWithoutABody) {
    CanaryWorld test("ecs-container-http-modify-body");
    test.under_fault = test.normal;
    test.under_fault.headers = {{"x-trace", "chaos"}};
    test.run_with_canary(with({{"HEADERS", "{\"X-Trace\": \"chaos\"}"}}));
    EXPECT_TRUE(json::bool_at(test.summary(), "differed"));
}

TEST(HttpCanary, WithoutAHitItMaySayOtherwise) {
    CanaryWorld test;
    for (auto& [id, task] : test.tasks)
        task.requests = 0;
    const auto result = test.run_with_canary();
    EXPECT_EQ(result.verdict, Verdict::no_effect);
    EXPECT_NE(result.reason.find("the canary saw a difference all the same"), std::string::npos)
        << result.reason;
    EXPECT_EQ(test.proof(), Words{"the canary"});
}

TEST(HttpCanary, OneThatDoesNotAnswerHoldsUpNoAbort) {
    CanaryWorld test;
    test.under_fault.took = std::chrono::hours(1);
    std::optional<WallTime> told;
    test.clock.on_tick = [&] {
        if (told || test.canary.asked.size() < 4) return;
        told = test.clock.wall();
        test.abort.request_stop();
    };
    const auto result = test.run_with_canary();
    EXPECT_EQ(result.verdict, Verdict::aborted) << result.reason;
    ASSERT_TRUE(told);
    EXPECT_LE(phase_of(test, "revert").at - *told, Millis(200));
    EXPECT_EQ(test.outcomes("during"), "") << "what was under way says nothing of the fault";
    EXPECT_EQ(test.outcomes("after"), "") << "whoever aborts is not kept waiting";
    EXPECT_TRUE(test.proxies.empty());
}

TEST(HttpCanary, OneThatDoesNotAnswerEndsByItsLimitAndNotTheFaultByIt) {
    CanaryWorld test;
    test.run_with_canary();
    const auto end = phase_of(test, "revert").at - phase_of(test, "hold").at;
    CanaryWorld slow;
    slow.under_fault.took = std::chrono::hours(1);
    slow.run_with_canary();
    EXPECT_EQ(phase_of(slow, "revert").at - phase_of(slow, "hold").at, end);
    EXPECT_TRUE(slow.outcomes("during").starts_with("timed out ")) << slow.outcomes("during");
    EXPECT_TRUE(json::bool_at(slow.summary(), "differed"));
}

TEST(HttpCanary, AbortDoesNotWaitForTheAnswersBefore) {
    CanaryWorld test;
    test.normal.took = Seconds(4);
    const WallTime begins = test.clock.wall();
    test.clock.on_tick = [&] {
        if (test.canary.asked.size() == 1) test.abort.request_stop();
    };
    const auto result = test.run_with_canary();
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_LT(test.clock.wall() - begins, Seconds(1));
    EXPECT_EQ(test.events.count("sent"), 0);
}

TEST(HttpCanary, AfterTheFaultALoadBalancerHasTimeToTrustItsTargets) {
    CanaryWorld test;
    std::optional<WallTime> gone;
    test.canary.answers = [&] {
        if (!test.proxies.empty()) return test.under_fault;
        if (test.canary.asked.size() > 3 && !gone) gone = test.clock.wall();
        return gone && test.clock.wall() - *gone < Seconds(4) ? test.under_fault : test.normal;
    };
    test.run_with_canary();
    EXPECT_TRUE(test.outcomes("after").starts_with("200 3, 503 ")) << test.outcomes("after");
    EXPECT_EQ(test.warnings(), "");
}

TEST(HttpCanary, OneThatDoesNotComeBackIsAWarning) {
    CanaryWorld test;
    test.canary.answers = [&] {
        return test.canary.asked.size() <= 3 ? test.normal : test.under_fault;
    };
    const auto result = test.run_with_canary();
    EXPECT_NE(test.warnings().find("not as it was before the fault: HTTP 503"), std::string::npos)
        << test.warnings();
    EXPECT_EQ(result.verdict, Verdict::passed) << "the hosts are well: " << result.reason;
    EXPECT_LE(test.canary.asked.back().second - phase_of(test, "revert").at, Seconds(20));
}

TEST(HttpCanary, WhereNothingWasInjectedNothingIsAskedAfter) {
    CanaryWorld test;
    for (int i = 1; i <= 3; ++i)
        test.held[test.aws.host(i).id] = "r-other";
    test.run_with_canary();
    EXPECT_EQ(test.canary.asked.size(), 3U);
    EXPECT_EQ(test.outcomes("during") + test.outcomes("after"), "");
}

} // namespace
} // namespace squall::experiment
