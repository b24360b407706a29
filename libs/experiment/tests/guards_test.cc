// What speaks against a fault, and what comes of it.
#include "fake_world.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

RawValues with(std::map<std::string, std::string> settings) {
    RawValues values{{"TOTAL_CHAOS_DURATION", {"120", "test"}}};
    for (const auto& [name, text] : settings)
        values[name] = {text, "test"};
    return values;
}

const RawValues strict = with({{"GUARDS", "strict"}});

wire::ServiceError denied(const std::string& action) {
    return {"AccessDeniedException",
            fmt::format("User: arn:aws:iam::123456789012:user/test is not authorized to perform: "
                        "{} on resource: * because no identity-based policy allows the {} action",
                        action,
                        action),
            400};
}

std::vector<std::string> guards_of(const Plan& plan) {
    std::vector<std::string> names;
    for (const auto& finding : plan.guards)
        names.push_back(finding.guard);
    return names;
}

TEST(Guards, SayNothingOfAClusterThatIsWell) {
    TestWorld test;
    test.aws.services["web"] = "COMPLETED";
    EXPECT_TRUE(test.plan(strict).guards.empty());
    EXPECT_EQ(test.run(test.plan(strict)).verdict, Verdict::passed);
}

TEST(Guards, OnlyWarnUnlessTheyAreStrict) {
    TestWorld test;
    test.aws.services["web"] = "IN_PROGRESS";
    test.aws.host(1).seen_connected = test.aws.host(1).agent_running = false;
    const auto plan = test.plan(with({{"MIN_CONNECTED", "1"}}));
    EXPECT_EQ(guards_of(plan),
              (std::vector<std::string>{"disconnected", "min-connected", "deployment"}));
    const auto result = test.run(plan);
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_EQ(test.events.count("guard"), 3) << "each is told once, however often it is seen";
}

TEST(Guards, RefuseAStrictRunAndNothingIsDone) {
    for (const std::string what : {"disconnected", "min-connected", "deployment"}) {
        TestWorld test;
        auto given = strict;
        if (what == "disconnected")
            test.aws.host(1).seen_connected = test.aws.host(1).agent_running = false;
        if (what == "min-connected") given["MIN_CONNECTED"] = {"1", "test"};
        if (what == "deployment") test.aws.services["web"] = "IN_PROGRESS";
        const auto plan = test.plan(given);
        EXPECT_EQ(guards_of(plan), std::vector<std::string>{what});
        const auto result = test.run(plan);
        EXPECT_EQ(result.verdict, Verdict::refused) << what;
        EXPECT_EQ(result.reason, "not injecting: " + plan.guards.front().text);
        EXPECT_EQ(test.aws.calls["SendCommand"], 0) << what;
        EXPECT_FALSE(test.files.journal->find("r-test").value()) << "no run was made";
    }
}

TEST(Guards, CountAsLeftWhatTheLargestWaveLeaves) {
    TestWorld test(10);
    const auto guards = [&](const std::string& waves) {
        return guards_of(test.plan(with({{"MIN_CONNECTED", "5"}, {"WAVES", waves}})));
    };
    EXPECT_TRUE(guards("5,100%").empty());
    EXPECT_EQ(guards("4,100%"), std::vector<std::string>{"min-connected"});
}

TEST(Guards, SayWhichActionTheyNeedWhereTheyMayNotLook) {
    TestWorld test;
    test.aws.fail_with["ListServices"] = denied("ecs:ListServices");
    const auto plan = test.plan();
    ASSERT_EQ(plan.guards.size(), 1U);
    EXPECT_EQ(plan.guards.front().text, "deployments not looked at: needs ecs:ListServices");
    EXPECT_EQ(test.run(plan).verdict, Verdict::passed);
    const auto refused = test.run(test.plan(strict), "r-strict");
    EXPECT_EQ(refused.verdict, Verdict::refused) << "what cannot be told says no";
}

TEST(Guards, EndAStrictRunWhenADeploymentBeginsInIt) {
    for (const auto& [given, verdict] :
         {std::pair(strict, Verdict::aborted), std::pair(with({}), Verdict::passed)}) {
        TestWorld test;
        test.aws.services["web"] = "COMPLETED";
        test.events.watcher = [&](const Event& event) {
            if (event.kind == "affected") test.aws.services["web"] = "IN_PROGRESS";
        };
        const auto result = test.run(test.plan(given));
        EXPECT_EQ(result.verdict, verdict) << result.reason;
        if (verdict == Verdict::aborted) {
            EXPECT_EQ(result.reason,
                      "ended early, since a deployment is rolling out: web; all 3 hosts are well "
                      "again");
            EXPECT_LT(test.clock.wall() - start_of_test, Seconds(60));
        }
        for (const auto& [id, host] : test.aws.hosts())
            EXPECT_TRUE(host.agent_running) << id;
    }
}

TEST(Guards, EndAStrictRunWhenAnotherInstanceGoes) {
    TestWorld test(4);
    auto given = strict;
    given["CONTAINER_INSTANCE_IDS"] = {test.aws.host(1).id, "test"};
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "affected") test.aws.host(3).agent_running = false;
    };
    const auto result = test.run(test.plan(given));
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_NE(result.reason.find(test.aws.host(3).id), std::string::npos) << result.reason;
    EXPECT_FALSE(test.aws.host(3).agent_running) << "it is not ours to start";
}

TEST(Guards, AreAskedEveryTenSecondsOfAStrictRunAndSooner) {
    TestWorld test(3);
    auto given = strict;
    given["TOTAL_CHAOS_DURATION"] = {"30", "test"};
    given["CONTAINER_INSTANCE_IDS"] = {test.aws.host(1).id, "test"};
    test.events.watcher = [&](const Event& event) {
        if (json::string_at(event.data, "phase") == "hold") test.aws.host(2).agent_running = false;
    };
    const auto result = test.run(test.plan(given));
    EXPECT_EQ(result.verdict, Verdict::aborted) << result.reason;
    EXPECT_LT(test.clock.wall() - start_of_test, Seconds(20));
}

TEST(Guards, AreAskedAgainBeforeEveryWave) {
    TestWorld test(3);
    auto given = strict;
    given["TOTAL_CHAOS_DURATION"] = {"10", "test"};
    given["SEQUENCE"] = {"serial", "test"};
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "recovered") test.aws.services["web"] = "IN_PROGRESS";
    };
    const auto result = test.run(test.plan(given));
    EXPECT_EQ(result.verdict, Verdict::aborted) << result.reason;
    EXPECT_EQ(test.aws.host(1).stops, 1);
    EXPECT_EQ(test.aws.host(2).stops, 0);
    EXPECT_EQ(test.aws.host(3).stops, 0);
}

TEST(Guards, AreAskedAgainAfterARamp) {
    TestWorld test;
    auto given = strict;
    given["RAMP_TIME"] = {"60", "test"};
    test.events.watcher = [&](const Event& event) {
        if (json::string_at(event.data, "phase") == "ramp-before")
            test.aws.services["web"] = "IN_PROGRESS";
    };
    const auto result = test.run(test.plan(given));
    EXPECT_EQ(result.verdict, Verdict::refused) << result.reason;
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
}

TEST(StopAlarms, EndTheRunWhenTheyFire) {
    TestWorld test;
    test.aws.alarms["errors"] = "OK";
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "affected") test.aws.alarms["errors"] = "ALARM";
    };
    const auto result = test.run(test.plan(with({{"STOP_ALARMS", alarm_arn("errors")}})));
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_EQ(result.reason,
              "ended early, since the alarm errors is in ALARM: Threshold Crossed; all 3 hosts are "
              "well again");
    EXPECT_LT(test.clock.wall() - start_of_test, Seconds(30));
}

TEST(StopAlarms, EndTheRunWhenTheyCannotBeRead) {
    TestWorld test;
    test.aws.alarms["errors"] = "OK";
    test.events.watcher = [&](const Event& event) {
        if (event.kind == "affected")
            test.aws.fail_with["DescribeAlarms"] = denied("cloudwatch:DescribeAlarms");
    };
    const auto result = test.run(test.plan(with({{"STOP_ALARMS", alarm_arn("errors")}})));
    EXPECT_EQ(result.verdict, Verdict::aborted);
    EXPECT_NE(result.reason.find("needs cloudwatch:DescribeAlarms"), std::string::npos)
        << result.reason;
}

TEST(StopAlarms, RefuseTheRunWhenOneFiresOrIsNotThere) {
    TestWorld test;
    test.aws.alarms = {{"errors", "ALARM"}, {"unknown yet", "INSUFFICIENT_DATA"}};
    for (const auto& [names, text] :
         {std::pair(alarm_arn("errors"), std::string("is in ALARM")),
          std::pair(alarm_arn("nothing"), "there is no alarm " + alarm_arn("nothing"))}) {
        const auto result = test.run(test.plan(with({{"STOP_ALARMS", names}})), "r-" + names);
        EXPECT_EQ(result.verdict, Verdict::refused);
        EXPECT_NE(result.reason.find(text), std::string::npos) << result.reason;
    }
    EXPECT_EQ(test.aws.calls["SendCommand"], 0);
    EXPECT_EQ(test.run(test.plan(with({{"STOP_ALARMS", alarm_arn("unknown yet")}}))).verdict,
              Verdict::passed);
}

TEST(StopAlarms, AreOfTheRegionOfTheRun) {
    TestWorld test;
    const auto problems = test.fault->check(test.values(
        with({{"STOP_ALARMS", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors"}})));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_NE(problems.front().what.find("is in eu-west-1, and REGION is us-east-1"),
              std::string::npos)
        << problems.front().what;
}

} // namespace
} // namespace squall::experiment
