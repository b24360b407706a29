// Which hosts are taken, and in which waves.
#include "selection.h"

#include "fake_world.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace squall::experiment {
namespace {

std::vector<std::size_t> waves(const std::string& text, std::size_t total) {
    return wave_sizes(parse_waves(text).value(), total);
}

std::string complaint(const std::string& text) {
    const auto parsed = parse_waves(text);
    return parsed ? "" : parsed.error().message;
}

TEST(Waves, GoFurtherAndFurtherUpToAllHosts) {
    EXPECT_EQ(waves("1,10%,100%", 20), (std::vector<std::size_t>{1, 1, 18}));
    EXPECT_EQ(waves("1,10%,100%", 1000), (std::vector<std::size_t>{1, 99, 900}));
    EXPECT_EQ(waves("100%", 3), (std::vector<std::size_t>{3}));
    EXPECT_EQ(waves("1,10%,100%", 1), (std::vector<std::size_t>{1})) << "empty waves are none";
    EXPECT_EQ(waves("5,50%,100%", 4), (std::vector<std::size_t>{4}));
    EXPECT_TRUE(waves("1,100%", 0).empty());
}

TEST(Waves, AreRefusedWhenTheyLeaveHostsOutOrGoBack) {
    EXPECT_NE(complaint("1,50%").find("must be 100%"), std::string::npos);
    EXPECT_NE(complaint("").find("'' is no number"), std::string::npos);
    EXPECT_EQ(complaint("10,5,100%"), "'5' goes no further than the 10 before it");
    EXPECT_EQ(complaint("50%,3,20%,100%"), "'20%' goes no further than the 50% before it");
    EXPECT_EQ(complaint("0,100%"), "'0' is no number of hosts and no percentage");
    EXPECT_EQ(complaint("101%,100%"), "'101%' is no number of hosts and no percentage");
    EXPECT_EQ(complaint("%"), "'%' is no number of hosts and no percentage");
}

TEST(Waves, HoldEveryHostOnceWhateverIsAsked) {
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        int number = 0;
        int percent = 0;
        for (auto left = random() % 6; left > 0; --left) {
            if (random() % 2 == 0)
                text += fmt::format("{},", number += 1 + static_cast<int>(random() % 50));
            else if (percent < 90)
                text += fmt::format("{}%,", percent += 1 + static_cast<int>(random() % 9));
        }
        const std::size_t total = random() % 300;
        const auto sizes = waves(text + "100%", total);
        EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), total)
            << text << " over " << total << ", seed " << seed;
        EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 0U), 0) << text << ", seed " << seed;
    }
}

TEST(Chance, IsTheSameForTheSameSeedOnEveryMachine) {
    const std::vector<std::string> ids{"a", "b", "c", "d", "e", "f"};
    EXPECT_EQ(join(shuffled(ids, 1), ""), join(shuffled(ids, 1), ""));
    // Written down once: another order here is a choice that nobody can repeat any more.
    EXPECT_EQ(join(shuffled(ids, 1), ""), "bdaefc");
    EXPECT_EQ(join(shuffled(ids, 20261121), ""), "edfabc");
    EXPECT_TRUE(shuffled({}, 7).empty());
}

TEST(Chance, FavoursNobody) {
    const std::vector<std::string> ids{"a", "b", "c", "d"};
    std::map<std::string, int> firsts;
    for (int seed = 1; seed <= 4000; ++seed)
        ++firsts[shuffled(ids, seed).front()];
    for (const auto& [id, count] : firsts)
        EXPECT_NEAR(count, 1000, 150) << id;
}

RawValues with(std::map<std::string, std::string> settings) {
    RawValues values{{"TOTAL_CHAOS_DURATION", {"10", "test"}}};
    for (const auto& [name, text] : settings)
        values[name] = {text, "test"};
    return values;
}

std::string id_of(int number) { return fmt::format("i-{:017}", number); }

TEST(Narrowing, TakesTheInstancesThatAreNamedInWhateverForm) {
    TestWorld test(4);
    const std::string arn = test.aws.host(3).arn();
    const auto plan = test.plan(with({{"CONTAINER_INSTANCE_IDS", id_of(2) + "," + arn}}));
    EXPECT_EQ(plan.injected_ids(), (std::vector<std::string>{id_of(2), id_of(3)}));
    EXPECT_EQ(plan.targets.size(), 2U) << "of the others nothing is said";
    EXPECT_EQ(plan.selection.registered, 4U);
    EXPECT_NE(plan.selection.how.find("CONTAINER_INSTANCE_IDS="), std::string::npos);
}

TEST(Narrowing, RefusesAnInstanceThatIsNotThere) {
    TestWorld test(2);
    const auto plan = test.try_plan(with({{"CONTAINER_INSTANCE_IDS", id_of(1) + "," + id_of(9)}}));
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().message.find("is " + id_of(9) + ":"), std::string::npos)
        << plan.error().message;
}

TEST(Narrowing, TakesAZoneOrWhatEcsSaysMatchesAnExpression) {
    TestWorld test(4);
    test.aws.host(2).zone = test.aws.host(4).zone = "us-east-1b";
    const std::vector<std::string> expected{id_of(2), id_of(4)};
    EXPECT_EQ(test.plan(with({{"AVAILABILITY_ZONE", "us-east-1b"}})).injected_ids(), expected);
    EXPECT_EQ(test.plan(with({{"ATTRIBUTE", "attribute:ecs.availability-zone == us-east-1b"}}))
                  .injected_ids(),
              expected);
    const auto none = test.try_plan(with({{"AVAILABILITY_ZONE", "us-east-1c"}}));
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("none of the 4 container instances"), std::string::npos);
    EXPECT_NE(none.error().message.find("AVAILABILITY_ZONE=us-east-1c"), std::string::npos);
}

TEST(Narrowing, TakesAShareOfWhatMatchesAmongThoseThatCanBeAffected) {
    TestWorld test(10);
    test.aws.host(1).managed = false;
    const auto plan = test.plan(with({{"INSTANCE_AFFECTED_PERC", "25"}, {"SEED", "7"}}));
    EXPECT_EQ(plan.injected_ids().size(), 3U) << "a quarter of ten, rounded up";
    EXPECT_EQ(plan.injected_ids(),
              test.plan(with({{"INSTANCE_AFFECTED_PERC", "25"}, {"SEED", "7"}})).injected_ids());
    std::set<std::vector<std::string>> choices;
    for (int seed = 1; seed <= 20; ++seed) {
        const auto other =
            test.plan(with({{"INSTANCE_AFFECTED_PERC", "25"}, {"SEED", std::to_string(seed)}}));
        choices.insert(other.injected_ids());
        EXPECT_EQ(other.targets.size(), 4U) << "the three, and the one that cannot be";
    }
    EXPECT_GT(choices.size(), 10U);
}

TEST(Narrowing, NamesTheSeedThatRepeatsAChoice) {
    TestWorld test(10);
    const auto plan = test.plan(with({{"INSTANCE_AFFECTED_PERC", "30"}}));
    const auto seed = plan.tunables.text("SEED");
    EXPECT_NE(seed, "0");
    EXPECT_TRUE(plan.is_by_chance());
    EXPECT_NE(plan.selection.how.find("SEED=" + seed), std::string::npos);
    const auto again = test.plan(with({{"INSTANCE_AFFECTED_PERC", "30"}, {"SEED", seed}}));
    EXPECT_EQ(again.hash(), plan.hash());
    EXPECT_FALSE(test.plan(with({})).is_by_chance()) << "all of them is no choice";
}

TEST(Narrowing, ComplainsOfWhatContradictsItself) {
    TestWorld test;
    const auto problems =
        test.fault->check(test.values(with({{"WAVES", "1,5"}, {"SEQUENCE", "serial"}})));
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_NE(problems[0].what.find("must be 100%"), std::string::npos);
    EXPECT_NE(problems[1].what.find("contradict"), std::string::npos);
}

TEST(RunInWaves, TakesOneGroupAfterAnotherEachWellAgainBeforeTheNext) {
    TestWorld test(10);
    std::vector<std::ptrdiff_t> away;
    test.events.watcher = [&](const Event& event) {
        if (json::string_at(event.data, "phase") != "hold") return;
        away.push_back(
            std::count_if(test.aws.hosts().begin(), test.aws.hosts().end(), [](const auto& entry) {
                return !entry.second.agent_running;
            }));
    };
    const auto result = test.run(test.plan(with({{"WAVES", "1,40%,100%"}})));
    EXPECT_EQ(result.verdict, Verdict::passed) << result.reason;
    EXPECT_EQ(away, (std::vector<std::ptrdiff_t>{1, 3, 6}));
}

TEST(RunInWaves, AreFewerWhereOneWouldAddNoHostAndThePlanSaysSo) {
    TestWorld test(4);
    const auto notes_of = [&](const char* waves) {
        const auto plan = test.plan(with({{"WAVES", waves}}));
        return std::count_if(
            plan.warnings.begin(), plan.warnings.end(), [](const std::string& warning) {
                return warning.find("of its 3 waves 1 would add no host") != std::string::npos;
            });
    };
    EXPECT_EQ(notes_of("50%,1,100%"), 1);
    EXPECT_EQ(notes_of("1,50%,100%"), 0);
}

TEST(RunInWaves, EndsBeforeTheNextGroupWhenAHostDoesNotComeBack) {
    for (const auto& [name, value] :
         {std::pair("SEQUENCE", "serial"), std::pair("WAVES", "1,100%")}) {
        TestWorld test(3);
        const auto plan = test.plan(with({{name, value}, {"SEED", "3"}}));
        const std::string first = plan.waves().front().front();
        test.aws.hosts().at(first).never_starts = true;
        const auto result = test.run(plan);
        EXPECT_EQ(result.verdict, Verdict::failed) << result.reason;
        for (const auto& [id, host] : test.aws.hosts()) {
            EXPECT_EQ(host.stops, id == first ? 1 : 0) << name << " " << id;
            if (id != first) {
                EXPECT_EQ(test.events.kinds_of(id), std::vector<std::string>{"not-injected"});
            }
        }
    }
}

} // namespace
} // namespace squall::experiment
