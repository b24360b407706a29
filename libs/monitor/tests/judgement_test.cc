#include "scenario_builder.h"

namespace squall::monitor {
namespace {

TEST(Judgement, SaysNothingOfADayOfRotations) {
    Scenario day;
    day.fleet(0, 1);
    for (int i = 0; i < 72; ++i) {
        const double at = 100 + i * 1200;
        day.gone(at, 1, 11 + 2 * i).back(at + 0.6, 1, 12 + 2 * i);
    }
    EXPECT_TRUE(day.run(86400).empty());
}

TEST(Judgement, TakesNoNoticeOfADisconnectionThatItsReconnectionHasOvertaken) {
    const auto all = Scenario()
                         .fleet(0, 1)
                         .back(100.5, 1, 12)
                         .event(100, Scenario::instance(1, false, 11), 3)
                         .run(900);
    EXPECT_TRUE(all.empty());
}

TEST(Judgement, TellsOnceOfADisconnectionWhoseEventComesFiveTimes) {
    Scenario day;
    day.fleet(0, 1).gone(100, 1);
    for (int copy = 1; copy < 5; ++copy)
        day.event(100, Scenario::instance(1, false, 11), copy * 70);
    const auto all = day.run(900);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(all[0].at, 430); // since, grace, hold
    EXPECT_EQ(all[0].since, 100);
}

TEST(Judgement, TakesTasksThatStopWhileAnAgentIsGoneForNoNewDisconnection) {
    const auto all =
        Scenario().fleet(0, 1).gone(100, 1, 11).gone(200, 1, 12).gone(300, 1, 13).run(900);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(all[0].since, 100);
}

TEST(Judgement, DoesNotTellOf299SecondsAndTellsOf301) {
    EXPECT_EQ(notices(Scenario().fleet(0, 1).gone(100, 1).back(399, 1).run(2000)), "");
    EXPECT_EQ(notices(Scenario().fleet(0, 1).gone(100, 1).back(400, 1).run(2000)), "");
    const auto all = Scenario().fleet(0, 1).gone(100, 1).back(401, 1).run(2000);
    ASSERT_EQ(notices(all), "opened recovered");
    EXPECT_EQ(all[1].duration, 301);
    EXPECT_EQ(all[0].incident, all[1].incident);
}

TEST(Judgement, IsQuietAboutAHostThatIsTerminated) {
    const auto all =
        Scenario().fleet(0, 1).gone(100, 1).machine(120, Scenario::ec2(1, "terminated")).run(9000);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all), "terminated"); // ECS goes on listing it, and nobody hears of that again
}

TEST(Judgement, IsQuietAboutAHostThatIsDrained) {
    const auto all = Scenario()
                         .fleet(0, 1)
                         .gone(100, 1)
                         .change(200, Scenario::instance(1, false, 12, "DRAINING"))
                         .run(3000);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all), "draining");
}

TEST(Judgement, JudgesADrainedHostAfreshWhenItIsActiveAgain) {
    const auto all = Scenario()
                         .fleet(0, 1)
                         .gone(100, 1)
                         .change(200, Scenario::instance(1, false, 12, "DRAINING"))
                         .change(1000, Scenario::instance(1, false, 13))
                         .run(2000);
    ASSERT_EQ(notices(all), "opened escalated");
    EXPECT_EQ(of_kind(all, "opened")[0].at, 1330);
    EXPECT_EQ(of_kind(all, "escalated")[0].at, 1900);
}

TEST(Judgement, GivesTheReasonForEveryStateThatExcuses) {
    struct Case {
        const char* status;
        const char* machine;
        const char* reason;
    };

    for (const auto& one : {Case{"DEREGISTERING", "running", "deregistering"},
                            Case{"INACTIVE", "running", "inactive"},
                            Case{"ACTIVE", "stopped", "stopped"},
                            Case{"ACTIVE", "stopping", "stopped"},
                            Case{"ACTIVE", "shutting-down", "terminated"}}) {
        const auto all = Scenario()
                             .fleet(0, 1)
                             .gone(100, 1)
                             .change(150, Scenario::instance(1, false, 12, one.status))
                             .machine(150, Scenario::ec2(1, one.machine))
                             .run(3000);
        EXPECT_EQ(notices(all), "") << one.status << one.machine;
        EXPECT_EQ(reasons(all), one.reason) << one.status << one.machine;
    }
}

TEST(Judgement, CallsAHostMissingThatEcsDoesNotKnowAnyMore) {
    const auto all =
        Scenario()
            .fleet(0, 1)
            .gone(100, 1)
            .line(390, {{"world", json::Object{{"instances", json::Array{Scenario::ec2(1)}}}}})
            .run(3000);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all), "missing");
}

TEST(Judgement, CountsTheBootGraceFromTheStartThatEc2TellsOf) {
    const auto tells = [](double at, const char* state) {
        return json::Object{
            {"event",
             json::Object{
                 {"source", "aws.ec2"},
                 {"detail-type", "EC2 Instance State-change Notification"},
                 {"time", rfc3339_seconds(from_epoch_seconds(Scenario::epoch + at))},
                 {"detail", json::Object{{"instance-id", Scenario::node(1)}, {"state", state}}}}}};
    };
    Scenario day;
    day.fleet(0, 1).gone(100, 1).line(90, tells(90, "stopping"));
    day.machine(110, Scenario::ec2(1, "stopped")).line(110, tells(110, "stopped"));
    // What EC2 is asked says so later than its events.
    day.line(2000, tells(2000, "pending")).line(2010, tells(2010, "running"));
    const auto all = day.machine(2011, Scenario::ec2(1)).run(2800);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(all.back().at, 2010 + 600 + 30);
    EXPECT_EQ(all.back().since, 2010);
}

TEST(Judgement, TellsOfAHostThatWasStoppedOnlyABootGraceAfterItsStart) {
    auto started = Scenario::ec2(1);
    started["LaunchTime"] = Scenario::epoch + 2000;
    const auto all = Scenario()
                         .fleet(0, 1)
                         .gone(100, 1)
                         .machine(110, Scenario::ec2(1, "stopped"))
                         .machine(2000, started)
                         .run(2800);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(of_kind(all, "opened")[0].since, 2000);
    EXPECT_EQ(reasons(all), "stopped boot-grace");
}

TEST(Judgement, WaitsForTheBootGraceOfANewHost) {
    auto young = Scenario::instance(1, false, 11);
    young["registeredAt"] = Scenario::epoch;
    Scenario day;
    day.fleet(0, 1).change(50, young);
    const auto all = day.run(1000);
    EXPECT_EQ(reasons(all), "boot-grace");
    ASSERT_EQ(notices(all), "opened escalated");
    EXPECT_EQ(of_kind(all, "opened")[0].at, 630);
}

TEST(Judgement, BelievesASpotNoticeForFiveMinutesAndAGrace) {
    const json::Object notice{
        {"event",
         json::Object{{"source", "aws.ec2"},
                      {"detail-type", "EC2 Spot Instance Interruption Warning"},
                      {"detail", json::Object{{"instance-id", Scenario::node(1)}}}}}};
    auto all = Scenario().fleet(0, 1).gone(100, 1).line(250, notice).run(500);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all), "spot");
    // EC2 gives notice two minutes before it takes an instance back, and the agent goes with it.
    all = Scenario().fleet(0, 1).line(20, notice).gone(100, 1).run(600);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all), "spot");
    // It was not taken away after all.
    all = Scenario().fleet(0, 1).gone(100, 1).line(250, notice).run(990);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(all.back().at, 250 + 300 + 300 + 30);
    // An old notice has nothing to do with it.
    all = Scenario().fleet(0, 1).line(50, notice).gone(400, 1).run(990);
    EXPECT_EQ(notices(all), "opened");
}

TEST(Judgement, IsQuietAboutAHostThatItsGroupTerminates) {
    Scenario day;
    day.fleet(0, 1).gone(100, 1).patch(390,
                                       "asg",
                                       {{"InstanceId", Scenario::node(1)},
                                        {"LifecycleState", "Terminating:Wait"},
                                        {"AutoScalingGroupName", "group"},
                                        {"cluster", "demo"}});
    const auto all = day.run(3000);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all), "scale-in");
}

TEST(Judgement, NeverTakesARefusedCallForADisconnection) {
    Scenario day;
    day.fleet(0, 1).gone(100, 1).line(390, {{"api", "throttled"}}).line(570, {{"api", "ok"}});
    const auto all = day.run(900);
    EXPECT_EQ(reasons(all, "unverified"), "api");
    ASSERT_EQ(notices(all), "opened"); // and loses nothing
    EXPECT_GT(of_kind(all, "opened")[0].at, 570);
    Scenario denied;
    denied.fleet(0, 1).gone(100, 1).line(90, {{"api", "denied"}});
    const auto never = denied.run(9000);
    EXPECT_EQ(notices(never), "");
    EXPECT_EQ(of_kind(never, "unverified").size(), 1U);
    EXPECT_EQ(reasons(never, "info"), "api"); // on the monitor itself, once
    denied = Scenario();
    denied.fleet(0, 1).line(90, {{"api", "denied"}}).line(3000, {{"api", "ok"}});
    const auto ended = of_kind(denied.run(9000), "info");
    ASSERT_EQ(ended.size(), 2U);
    EXPECT_TRUE(speaks_of(ended[1], "answer again"));
}

TEST(Judgement, TakesADescribeThatIsOlderThanTheLastEventForNoEvidence) {
    Scenario day;
    day.fleet(0, 1).event(100, Scenario::instance(1, false, 11));
    auto all = day.run(900);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(of_kind(all, "unverified").size(), 1U);
    // Somebody is to know that it cannot be known, once.
    day = Scenario();
    day.fleet(0, 1).event(100, Scenario::instance(1, false, 11));
    EXPECT_EQ(reasons(day.run(9000), "info"), "api");
    day = Scenario();
    day.fleet(0, 1)
        .event(100, Scenario::instance(1, false, 11))
        .describe(800, Scenario::instance(1, false, 11));
    all = day.run(990);
    EXPECT_EQ(notices(all), "opened");
}

TEST(Judgement, TellsThatARecordIsLeftOverAndNothingElse) {
    auto left_over = Scenario::instance(2, false, 7);
    left_over["ec2InstanceId"] = Scenario::node(1);
    const auto all = Scenario().fleet(0, 1).describe(1, left_over).run(9000);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].kind, "info");
    EXPECT_EQ(all[0].reason, "ghost");
    EXPECT_EQ(json::string_at(all[0].line, "container_instance_arn"), Scenario::arn(2));
}

TEST(Judgement, KnowsAGhostInAnotherCluster) {
    auto elsewhere = Scenario::instance(1, false, 11);
    elsewhere["containerInstanceArn"] = Scenario::arn(1, "old");
    elsewhere["clusterArn"] = Scenario::cluster_arn("old");
    const auto all = Scenario().fleet(0, 1).describe(1, elsewhere).run(9000);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all, "info"), "ghost");
}

TEST(Judgement, FindsADisconnectionOfWhichNoEventTells) {
    const auto all =
        Scenario().fleet(0, 1).describe(100, Scenario::instance(1, false, 10)).run(900);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_GE(all[0].since, 100);
    EXPECT_LE(all[0].since, 166);
}

TEST(Judgement, TellsOfAnInstanceThatNeverRegisters) {
    auto launched = Scenario::ec2(1);
    launched["LaunchTime"] = Scenario::epoch;
    const json::Object member{{"InstanceId", Scenario::node(1)},
                              {"LifecycleState", "InService"},
                              {"AutoScalingGroupName", "group"},
                              {"cluster", "demo"}};
    Scenario day;
    day.line(0,
             {{"world",
               json::Object{{"instances", json::Array{launched}}, {"asg", json::Array{member}}}}})
        .back(800, 1, 1);
    const auto all = day.run(3000);
    ASSERT_EQ(notices(all), "opened recovered");
    EXPECT_GE(all[0].at, 600);
    EXPECT_EQ(all[0].since, 0);
    EXPECT_EQ(all[1].duration, 800);
}

TEST(Judgement, KeepsItsGraceOverARestart) {
    for (const double down : {0.0, 30.0, 900.0}) {
        Scenario day;
        day.fleet(0, 1)
            .gone(100, 1)
            .line(200, {{"restart", true}, {"down", down}})
            .back(1000, 1)
            .line(1500, {{"restart", true}});
        const auto all = day.run(3000);
        std::string without_escalation = notices(all);
        EXPECT_EQ(without_escalation, "opened recovered") << down;
        EXPECT_EQ(of_kind(all, "recovered")[0].duration, 900) << down;
    }
}

TEST(Judgement, CountsTheGraceFromTheEventAndNotFromItsArrival) {
    const auto late = Scenario().fleet(0, 1).gone(100, 1, 11, /*late=*/40).run(900);
    ASSERT_EQ(notices(late), "opened");
    EXPECT_EQ(late[0].at, 430);
    // A clock that is ahead of ours does not put the alert off.
    auto detail = Scenario::instance(1, false, 11);
    Scenario day;
    day.fleet(0, 1).describe(100, detail).event(4000, detail, /*late=*/-3900);
    const auto skewed = day.run(900);
    ASSERT_EQ(notices(skewed), "opened");
    EXPECT_EQ(skewed[0].at, 430);
}

TEST(Judgement, KnowsExternalNodesAndOldArns) {
    auto external = Scenario::instance(1, true, 10);
    external["ec2InstanceId"] = "mi-0123456789abcdef0";
    external["containerInstanceArn"] = "arn:aws:ecs:us-east-1:123456789012:container-instance/"
                                       "b54a2a04-046f-4331-9d74-3f6d7f6ca315";
    Scenario day;
    day.line(0,
             {{"world",
               json::Object{{"containerInstances", json::Array{external}},
                            {"instances",
                             json::Array{json::Object{{"InstanceId", "mi-0123456789abcdef0"},
                                                      {"PingStatus", "Online"}}}}}}});
    external["agentConnected"] = false;
    external["version"] = 11;
    const auto all = day.change(100, external).run(900);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(all[0].node, "mi-0123456789abcdef0");
}

TEST(Judgement, TakesTheHealthEventForADisconnectionAndTheOtherOneForTheSame) {
    const json::Object health{
        {"event",
         json::Object{{"source", "aws.ecs"},
                      {"detail-type", "ECS Container Instance Health Change"},
                      {"detail",
                       json::Object{{"clusterArn", Scenario::cluster_arn()},
                                    {"containerInstanceArn", Scenario::arn(1)},
                                    {"ec2InstanceId", Scenario::node(1)},
                                    {"overallStatus", "IMPAIRED"},
                                    {"healthChecks",
                                     json::Array{json::Object{
                                         {"type", "AGENT_CONNECTIVITY"},
                                         {"status", "IMPAIRED"},
                                         {"lastStatusChange", "2023-11-14T22:16:40Z"},
                                         {"statusReason",
                                          "Agent disconnected since 2023-11-14T22:15:00Z"}}}}}}}}};
    Scenario day;
    day.fleet(0, 1).line(200, health).describe(100, Scenario::instance(1, false, 10));
    auto all = day.run(900);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(all[0].since, 100); // 22:15:00
    day = Scenario();
    day.fleet(0, 1).line(200, health).gone(100, 1, 11, /*late=*/500);
    all = day.run(900);
    EXPECT_EQ(notices(all), "opened");
}

TEST(Judgement, LeavesOutAnEventThatSaysNothingAndGoesOn) {
    Scenario day;
    day.fleet(0, 1)
        .line(99, {{"event", "no object"}})
        .line(99,
              {{"event",
                json::Object{{"source", "aws.ecs"},
                             {"detail-type", "ECS Container Instance State Change"},
                             {"detail", json::Object{{"agentConnected", "perhaps"}}}}}})
        .gone(100, 1);
    EXPECT_EQ(notices(day.run(900)), "opened");
    EXPECT_EQ(day.complaints.size(), 2U);
}

TEST(Judgement, ServesOnlyClustersWithItsTag) {
    const auto cluster = [](const char* value) {
        return json::Object{
            {"clusterArn", Scenario::cluster_arn()},
            {"tags", json::Array{json::Object{{"key", "ecs-agent-monitoring"}, {"value", value}}}}};
    };
    Scenario day;
    day.settings.cluster_tag = "team-a";
    EXPECT_TRUE(
        day.fleet(0, 1).patch(0, "clusters", cluster("team-b")).gone(100, 1).run(3000).empty());
    day = Scenario();
    day.settings.cluster_tag = "team-a";
    EXPECT_EQ(
        notices(day.fleet(0, 1).patch(0, "clusters", cluster("team-a")).gone(100, 1).run(900)),
        "opened");
    day = Scenario();
    day.settings.cluster_tag = "team-a"; // a cluster without tags is somebody else's
    EXPECT_TRUE(day.fleet(0, 1).gone(100, 1).run(3000).empty());
}

TEST(Judgement, RecordsAPlannedDisconnectionAndMeasuresIt) {
    auto all = Scenario().fleet(0, 1).window(50, 500).gone(100, 1).back(450, 1).run(2000);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all), "planned");
    EXPECT_EQ(of_kind(all, "info").at(0).duration, 350);
    // One that is still gone when it is over is judged afresh.
    all = Scenario().fleet(0, 1).window(50, 500).gone(100, 1).run(1500);
    ASSERT_EQ(notices(all), "opened escalated");
    EXPECT_EQ(all[1].at, 830);
    EXPECT_EQ(all[2].at, 500 + 3 * 300); // and is not critical before its time
}

TEST(Judgement, ExcusesOnlyTheNodesOfAWindow) {
    const auto all =
        Scenario().fleet(0, 2).window(50, 5000, {1}).gone(100, 1).gone(100, 2).run(900);
    ASSERT_EQ(notices(all), "opened");
    EXPECT_EQ(of_kind(all, "opened")[0].node, Scenario::node(2));
}

TEST(Judgement, SaysOnceAnHourThatAnAgentFlaps) {
    Scenario day;
    day.fleet(0, 1);
    for (int i = 0; i < 20; ++i) {
        const double at = 100 + i * 300;
        day.gone(at, 1, 11 + 2 * i).back(at + 60, 1, 12 + 2 * i);
    }
    const auto all = day.run(6400);
    EXPECT_EQ(notices(all), "");
    EXPECT_EQ(reasons(all, "info"), "flapping flapping");
}

TEST(Judgement, DoesNotCallAnAgentFlappingForWhatWasPlanned) {
    Scenario day;
    day.fleet(0, 1).window(50, 1500);
    for (int i = 0; i < 5; ++i)
        day.gone(100 + i * 200, 1, 11 + 2 * i).back(160 + i * 200, 1, 12 + 2 * i);
    const auto all = day.gone(2000, 1, 31).back(2020, 1, 32).run(3000);
    EXPECT_EQ(reasons(all, "info"), "");
}

} // namespace
} // namespace squall::monitor
