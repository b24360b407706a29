// What runs have left on hosts: what is found, what is ours to remove, and what is not.
#include "squall/experiment/sweep.h"

#include "fake_tasks.h"

#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

class Sweeping : public ::testing::Test {
protected:
    SweepReport sweep_it(bool remove) {
        return sweep({test.world, *test.files.journal, *test.fault},
                     test.values({}),
                     remove,
                     Deadline::at(test.clock.now() + Seconds(120)),
                     {})
            .value();
    }

    void put_run(const std::string& run, bool is_over) {
        Plan plan;
        plan.fault = "ecs-agent-stop";
        ASSERT_TRUE(test.files.journal->begin(run, plan, test.clock.wall()));
        if (is_over) {
            ASSERT_TRUE(test.files.journal->close(run, "failed", test.clock.wall()));
        }
    }

    // As a run leaves it that stopped the agent and could not start it again.
    void leave_fault(int host, const std::string& run, std::optional<Seconds> until) {
        test.aws.host(host).held_by = run;
        test.aws.host(host).agent_running = false;
        test.aws.host(host).seen_connected = false;
        if (until) test.aws.host(host).restore_at = test.clock.wall() + *until;
    }

    TestWorld test;
};

TEST_F(Sweeping, FindsNothingOnHostsThatAreWell) {
    const auto report = sweep_it(/*remove=*/true);
    EXPECT_TRUE(report.items.empty());
    EXPECT_EQ(report.looked_at, 3U);
    EXPECT_EQ(test.aws.calls["SendCommand"], 1);
}

TEST_F(Sweeping, OnlyListsUntilItIsTold) {
    put_run("r-over", true);
    test.aws.host(1).over = {"r-over"};
    const auto report = sweep_it(/*remove=*/false);
    ASSERT_EQ(report.items.size(), 1U);
    EXPECT_TRUE(report.items[0].is_over);
    EXPECT_EQ(report.items[0].why, "its run is over (failed)");
    EXPECT_EQ(test.aws.host(1).over.size(), 1U);
}

TEST_F(Sweeping, UndoesTheFaultOfARunThatIsOver) {
    put_run("r-over", true);
    leave_fault(2, "r-over", std::nullopt);
    test.aws.host(1).over = {"r-over"};
    const auto report = sweep_it(/*remove=*/true);
    ASSERT_EQ(report.items.size(), 2U);
    EXPECT_TRUE(report.items[0].removed && report.items[1].removed);
    EXPECT_TRUE(test.aws.host(2).agent_running);
    EXPECT_TRUE(test.aws.host(2).held_by.empty());
    EXPECT_TRUE(test.aws.host(1).over.empty());
}

TEST_F(Sweeping, LeavesWhatIsOfAnOpenRunOrOfSomebodyElse) {
    put_run("r-open", false);
    leave_fault(1, "r-open", std::nullopt);
    leave_fault(2, "r-theirs", Seconds(600));
    test.aws.host(3).over = {"r-theirs"};
    const auto report = sweep_it(/*remove=*/true);
    ASSERT_EQ(report.items.size(), 3U);
    for (const auto& item : report.items) {
        EXPECT_FALSE(item.is_over) << item.instance_id;
        EXPECT_FALSE(item.removed) << item.instance_id;
    }
    EXPECT_FALSE(test.aws.host(1).agent_running);
    EXPECT_FALSE(test.aws.host(2).agent_running);
    EXPECT_EQ(test.aws.host(3).over.size(), 1U);
    EXPECT_EQ(test.aws.calls["SendCommand"], 1) << "there was nothing to take away";
}

TEST_F(Sweeping, EndsTheFaultOfAnUnknownRunWhoseHostShouldHaveEndedItLongAgo) {
    leave_fault(2, "r-theirs", Seconds(-61));
    // Its timer is gone: nothing ends it by itself.
    test.aws.timers_run = false;
    const auto report = sweep_it(/*remove=*/true);
    ASSERT_EQ(report.items.size(), 1U);
    EXPECT_TRUE(report.items[0].is_over) << report.items[0].why;
    EXPECT_TRUE(report.items[0].removed);
    EXPECT_TRUE(test.aws.host(2).agent_running);
}

TEST_F(Sweeping, SaysWhatCouldNotBeRemovedAndWhoCouldNotBeAsked) {
    put_run("r-over", true);
    leave_fault(2, "r-over", std::nullopt);
    test.aws.host(2).failed_starts = 100;
    test.aws.host(1).managed = false;
    test.aws.host(3).online = false;
    const auto report = sweep_it(/*remove=*/true);
    ASSERT_EQ(report.items.size(), 1U);
    EXPECT_TRUE(report.items[0].is_over);
    EXPECT_FALSE(report.items[0].removed);
    ASSERT_EQ(report.not_looked_at.size(), 2U);
    EXPECT_EQ(report.not_looked_at[0].second, "it is not managed by SSM");
    EXPECT_NE(report.not_looked_at[1].second.find("DeliveryTimedOut"), std::string::npos);
}

TEST_F(Sweeping, BelievesNoListThatIsCutOff) {
    EXPECT_FALSE(test.fault->read_leftovers(""));
    EXPECT_FALSE(test.fault->read_leftovers(
        R"({"squall":"ecs-agent-stop","found":"hold","run":"r-1","until":0,"host_time":1})"));
    EXPECT_TRUE(test.fault->read_leftovers(R"({"squall":"ecs-agent-stop","did":"listed"})")
                    .value()
                    .empty());
}

TEST(SweepingOfHttpFaults, LooksAtHostsWhoseTasksHaveLeft) {
    HttpWorld test;
    test.tasks.clear();
    test.tasks[HttpWorld::id(1)].host = 1;
    test.held[test.aws.host(2).id] = "r-gone";
    test.aws.host(3).managed = false;
    const auto report = sweep({test.world, *test.files.journal, *test.fault},
                              test.values(with({{"SERVICE_NAME", "web"}})),
                              /*remove=*/false,
                              Deadline::at(test.clock.now() + Seconds(120)),
                              {})
                            .value();
    EXPECT_EQ(report.looked_at, 2U);
    ASSERT_EQ(report.items.size(), 1U);
    EXPECT_EQ(report.items[0].instance_id, test.aws.host(2).id);
    ASSERT_EQ(report.not_looked_at.size(), 1U);
    EXPECT_EQ(report.not_looked_at[0].second, "it is not managed by SSM");
    test.tasks.clear();
    EXPECT_TRUE(sweep({test.world, *test.files.journal, *test.fault},
                      test.values(with({{"SERVICE_NAME", "gone"}})),
                      /*remove=*/false,
                      Deadline::at(test.clock.now() + Seconds(120)),
                      {}))
        << "the service may be gone too";
}

} // namespace
} // namespace squall::experiment
