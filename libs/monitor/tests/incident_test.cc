#include "scenario_builder.h"

#include <set>

namespace squall::monitor {
namespace {

std::vector<std::string> members(const Told& told) {
    std::vector<std::string> ids;
    for (const auto& member : json::array_at(told.line, "members"))
        ids.emplace_back(json::string_of(member));
    return ids;
}

TEST(Incident, IsEscalatedAndRemindedOfAndEnds) {
    const auto all = Scenario().fleet(0, 1).gone(100, 1).back(4400, 1).run(9000);
    ASSERT_EQ(notices(all), "opened escalated reminded reminded recovered");
    EXPECT_EQ(all[1].at, 1000);       // since and three graces
    EXPECT_EQ(all[2].at, 430 + 1800); // half an hour after it was told
    EXPECT_EQ(all[3].at, 430 + 3600);
    EXPECT_EQ(all[4].at, 4400);
    EXPECT_EQ(all[4].duration, 4300);
    std::set<std::string> incidents;
    for (const auto& told : all)
        incidents.insert(told.incident);
    EXPECT_EQ(incidents.size(), 1U);
}

TEST(Incident, ThatIsOpenIsNotSpokenOfInAWindow) {
    // It would be critical at 1000, and reminded of at 2230.
    auto all = Scenario().fleet(0, 1).gone(100, 1).window(500, 4000).run(5900);
    ASSERT_EQ(notices(all), "opened escalated reminded");
    EXPECT_EQ(all[1].at, 4000);
    EXPECT_EQ(all[2].at, 4000 + 1800);
    // Its end is always told: somebody may be waiting for it.
    all = Scenario().fleet(0, 1).gone(100, 1).window(500, 4000).back(3000, 1).run(5000);
    ASSERT_EQ(notices(all), "opened recovered");
    EXPECT_EQ(all[1].at, 3000);
    // A reminder that was due in it comes when it is over, too.
    all = Scenario().fleet(0, 1).gone(100, 1).window(1500, 4000).run(4100);
    ASSERT_EQ(notices(all), "opened escalated reminded");
    EXPECT_EQ(all[2].at, 4000);
}

TEST(Incident, OfAGroupIsSpokenOfWhileOneMemberIsInNoWindow) {
    Scenario day;
    day.fleet(0, 9);
    for (const int i : {3, 6, 9})
        day.gone(100, i);
    auto other = day;
    EXPECT_EQ(notices(day.window(500, 4000, {3, 6}).run(2000)), "grouped escalated");
    EXPECT_EQ(notices(other.window(500, 4000, {3, 6, 9}).run(2000)), "grouped");
}

TEST(Incident, OfAGroupTellsAtItsEndWhoDidNotComeBack) {
    Scenario day;
    day.fleet(0, 9);
    for (const int i : {3, 6, 9})
        day.gone(100, i);
    day.machine(600, Scenario::ec2(6, "terminated")).back(700, 3).back(720, 9);
    const auto all = day.run(900);
    ASSERT_EQ(notices(all), "grouped recovered");
    EXPECT_EQ(all.back().reason, "");
    EXPECT_TRUE(speaks_of(all.back(), "1 of 3 did not come back"));
    EXPECT_TRUE(speaks_of(all.back(), "any more: " + Scenario::node(6)));
}

TEST(Incident, EndsOnceWhenItsHostGoesAway) {
    struct Case {
        const char* reason;
        std::function<void(Scenario&)> happen;
    };

    const std::vector<Case> cases{
        {"terminated",
         [](Scenario& day) {
             day.machine(2000, Scenario::ec2(1, "terminated"));
         }},
        {"inactive",
         [](Scenario& day) {
             day.change(2000, Scenario::instance(1, false, 12, "INACTIVE"));
         }},
        {"missing", [](Scenario& day) {
             day.line(2000,
                      {{"world", json::Object{{"instances", json::Array{Scenario::ec2(1)}}}}});
         }}};
    for (const auto& one : cases) {
        Scenario day;
        day.fleet(0, 1).gone(100, 1);
        one.happen(day);
        const auto all = day.run(9000);
        EXPECT_EQ(notices(all), "opened escalated recovered") << one.reason;
        EXPECT_EQ(of_kind(all, "recovered").at(0).reason, one.reason);
    }
}

TEST(Incident, IsOneForAZoneThatGoesDark) {
    Scenario day;
    day.fleet(0, 120);
    for (int i = 3; i <= 120; i += 3) {
        day.gone(100 + i * 0.5, i);
        day.back(900 + i, i);
    }
    const auto all = day.run(3000);
    ASSERT_EQ(notices(all), "grouped escalated recovered");
    EXPECT_EQ(members(all[0]).size(), 40U);
    const auto& common = json::object_at(all[0].line, "common");
    EXPECT_EQ(json::string_at(common, "availability_zone"), "us-east-1a");
    EXPECT_EQ(json::string_at(all[0].line, "cluster"), "demo");
    EXPECT_EQ(all[2].duration, 900 + 120 - 101.5);
}

TEST(Incident, IsOneForAZoneWhoseAgentsAreMissedTwoMinutesApart) {
    Scenario day;
    day.fleet(0, 30);
    for (int i = 3; i <= 30; i += 3)
        day.gone(100 + i * 3.5, i);
    const auto all = day.run(900);
    ASSERT_EQ(notices(all), "grouped");
    EXPECT_EQ(members(all[0]).size(), 10U);
}

TEST(Incident, OfAGroupTellsOfAMemberThatIsBackDuringTheHold) {
    Scenario day;
    day.fleet(0, 60);
    for (int i = 3; i <= 30; i += 3)
        day.gone(100, i);
    day.back(410, 3);
    const auto all = day.run(900);
    ASSERT_EQ(notices(all), "grouped");
    EXPECT_EQ(members(all[0]).size(), 10U);
}

TEST(Incident, IsOneForMostOfARegionAndNothingIsDone) {
    Scenario day;
    day.settings.actions = {Rung::diagnose, Rung::restart_agent, Rung::terminate};
    day.fleet(0, 12);
    for (int i = 1; i <= 7; ++i)
        day.gone(100 + i, i);
    const auto all = day.run(900);
    ASSERT_EQ(notices(all), "grouped");
    EXPECT_EQ(all[0].reason, "region");
    EXPECT_TRUE(of_kind(all, "action").empty());
}

TEST(Incident, OfHalfARegionIsNotARegions) {
    Scenario day;
    day.fleet(0, 12);
    for (int i = 1; i <= 6; ++i)
        day.gone(100 + i, i);
    const auto all = day.run(900);
    ASSERT_EQ(notices(all), "grouped");
    EXPECT_EQ(all[0].reason, "");
}

TEST(Incident, OfTwoHostsIsTwo) {
    const auto all = Scenario().fleet(0, 60).gone(100, 3).gone(101, 6).run(900);
    EXPECT_EQ(notices(all), "opened opened");
}

TEST(Ladder, ClimbsRungByRungUntilTheAgentIsBack) {
    Scenario day;
    day.settings.actions = {Rung::diagnose, Rung::restart_agent, Rung::drain, Rung::terminate};
    const auto all = day.fleet(0, 1).gone(100, 1).back(700, 1).run(3000);
    const auto actions = of_kind(all, "action");
    ASSERT_EQ(actions.size(), 3U);
    EXPECT_EQ(actions[0].action, "diagnose");
    EXPECT_EQ(actions[1].action, "restart-agent");
    EXPECT_EQ(actions[2].action, "drain");
    EXPECT_EQ(actions[2].at - actions[1].at, 180); // an agent is back 160 s after its trouble
}

TEST(Ladder, IsNotClimbedInAWindow) {
    Scenario day;
    day.settings.actions = {Rung::diagnose, Rung::restart_agent, Rung::drain};
    const auto all = day.fleet(0, 1).gone(100, 1).window(440, 4000).run(4100);
    const auto actions = of_kind(all, "action");
    ASSERT_EQ(actions.size(), 3U);
    EXPECT_EQ(actions[1].at, 430); // before it
    EXPECT_EQ(actions[2].action, "drain");
    EXPECT_EQ(actions[2].at, 4000);
}

TEST(Ladder, NeverWorksOnMoreThanAFifthOfAClusterAtOnce) {
    for (const auto& [size, allowed] : {std::pair(8, 1), std::pair(9, 1), std::pair(30, 6)}) {
        Scenario day;
        day.settings.actions = {Rung::restart_agent};
        day.fleet(0, size);
        for (int i = 1; i * 2 <= size; ++i)
            day.gone(100, i);
        const auto all = day.run(3000);
        EXPECT_EQ(of_kind(all, "action").size(), static_cast<std::size_t>(allowed)) << size;
    }
}

TEST(Ladder, DoesNothingTwiceWithinAnHour) {
    Scenario day;
    day.settings.actions = {Rung::restart_agent};
    const auto all = day.fleet(0, 1).gone(100, 1).back(700, 1).gone(1000, 1, 13).run(4400);
    const auto actions = of_kind(all, "action");
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(actions[0].at, 430);
    EXPECT_EQ(actions[1].at, 430 + 3600);
}

TEST(Ladder, GoesOnWithTheNextRungWhereTheLastHasNotLasted) {
    Scenario day;
    day.settings.actions = {Rung::diagnose, Rung::restart_agent, Rung::drain, Rung::terminate};
    const auto all = day.fleet(0, 1).gone(100, 1).back(440, 1).gone(500, 1, 13).run(1500);
    std::vector<std::pair<std::string, double>> actions;
    for (const auto& told : of_kind(all, "action"))
        actions.emplace_back(told.action, told.at);
    EXPECT_EQ(actions,
              (std::vector<std::pair<std::string, double>>{{"diagnose", 430},
                                                           {"restart-agent", 430},
                                                           {"diagnose", 830},
                                                           {"drain", 830 + 180},
                                                           {"terminate", 830 + 360}}));
}

} // namespace
} // namespace squall::monitor
