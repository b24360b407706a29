#include "ecs/rollout.h"

#include "service_world.h"

#include <random>

namespace squall::lab {
namespace {

using ecs::RolloutLimits;
using ecs::RolloutTask;

TEST(RolloutLimits, RoundTheMinimumUpAndTheMaximumDown) {
    const auto three = RolloutLimits::of(3, {50, 125, false, false}, /*has_failed=*/false);
    EXPECT_EQ(three.healthy_min, 2);
    EXPECT_EQ(three.tasks_max, 3);
    const auto two = RolloutLimits::of(2, {75, 200, false, false}, /*has_failed=*/false);
    EXPECT_EQ(two.healthy_min, 2);
    EXPECT_EQ(two.tasks_max, 4);
    EXPECT_EQ(RolloutLimits::of(0, {}, /*has_failed=*/false).tasks_max, 0);
}

TEST(CircuitBreaker, OpensAtHalfOfTheDesiredCountBetweenThreeAndTwoHundred) {
    EXPECT_EQ(ecs::failure_threshold(1), 3);
    EXPECT_EQ(ecs::failure_threshold(6), 3);
    EXPECT_EQ(ecs::failure_threshold(25), 13);
    EXPECT_EQ(ecs::failure_threshold(400), 200);
    EXPECT_EQ(ecs::failure_threshold(800), 200);
}

RolloutTask old_and_well() { return {false, true, true, true, false, start_of_test}; }

RolloutTask new_and_pending() { return {true, true, false, false, false, start_of_test}; }

RolloutTask sick(bool stays) { return {stays, true, true, false, true, start_of_test}; }

TEST(Rollout, StopsOldTasksOnlyAsFarAsEnoughAreWell) {
    const std::vector<RolloutTask> tasks{
        old_and_well(), old_and_well(), old_and_well(), old_and_well(), new_and_pending()};
    EXPECT_TRUE(ecs::tasks_to_stop(tasks, {4, 4, 8, true}).empty());
    EXPECT_EQ(ecs::tasks_to_stop(tasks, {4, 2, 8, true}).size(), 2U);
    EXPECT_EQ(ecs::tasks_to_start(tasks, {4, 4, 8, true}), 3);
    EXPECT_EQ(ecs::tasks_to_start(tasks, {4, 4, 6, true}), 1);
}

TEST(Rollout, ReplacesASickTaskBeforeItStopsItUnlessThereIsNoRoom) {
    EXPECT_TRUE(ecs::tasks_to_stop({sick(true)}, {1, 1, 2, true}).empty());
    EXPECT_EQ(ecs::tasks_to_stop({sick(true), new_and_pending()}, {1, 1, 2, true}),
              std::vector<std::size_t>{0});
    EXPECT_EQ(ecs::tasks_to_stop({sick(true), sick(true)}, {2, 1, 2, true}).size(), 1U)
        << "one at a time";
}

TEST(Rollout, TakesTheLeastAdvancedFirstWhenThereAreTooMany) {
    RolloutTask well = old_and_well();
    well.stays = true;
    RolloutTask younger = well;
    younger.created_at += Seconds(1);
    EXPECT_EQ(ecs::tasks_to_stop({well, new_and_pending(), younger}, {1, 1, 2, true}),
              (std::vector<std::size_t>{1, 2}));
}

// A service in the hands of chance: agents come and go, tasks end, users update and scale.
class RandomRollout {
public:
    explicit RandomRollout(unsigned seed) : random_(seed), world_(3) {
        world_.create(3);
        desired_ = 3;
    }

    void step() {
        checked([&] { act(); });
        checked([&] { world_.pass(Seconds(1)); });
        for (const auto& host : world_.hosts) {
            if (!world_.away.contains(host.get())) host->work();
        }
    }

    void come_to_rest() {
        for (std::size_t i = 0; i < world_.hosts.size(); ++i) {
            if (world_.away.contains(world_.hosts[i].get())) world_.start_agent(i);
            set_state(i, "ACTIVE");
        }
        // With less room, AWS too would wait for ever for some numbers of tasks.
        configure({100, 200, false, false});
        world_.live(std::chrono::minutes(3));
        const auto deployments = world_.deployments();
        ASSERT_EQ(deployments.size(), 1U);
        EXPECT_EQ(json::string_at(deployments.at(0), "rolloutState"), "COMPLETED");
        EXPECT_EQ(json::integer_at(world_.service(), "runningCount"), desired_);
        EXPECT_EQ(static_cast<std::int64_t>(world_.task_arns().size()), desired_);
        EXPECT_EQ(world_.messages().back(), "(service web) has reached a steady state.");
    }

private:
    std::size_t below(std::size_t end) { return random_() % end; }

    void act() {
        const std::size_t host = below(world_.hosts.size());
        const bool is_away = world_.away.contains(world_.hosts[host].get());
        switch (below(9)) {
        case 0:
            return is_away ? world_.start_agent(host) : world_.stop_agent(host);
        case 1:
            return end_one_task();
        case 2:
            world_.update({{"taskDefinition", below(2) == 0 ? "web:1" : "web:2"}});
            return;
        case 3:
            world_.update({{"forceNewDeployment", true}});
            return;
        case 4:
            desired_ = static_cast<std::int64_t>(below(7));
            world_.update({{"desiredCount", desired_}});
            return;
        case 5:
            return set_state(host, below(2) == 0 ? "DRAINING" : "ACTIVE");
        case 6: {
            const std::array<ecs::RolloutRules, 5> rules{
                {{0, 100}, {50, 100}, {50, 200}, {100, 150}, {100, 200}}};
            return configure(rules.at(below(rules.size())));
        }
        default:
            return; // time passes
        }
    }

    void configure(const ecs::RolloutRules& rules) {
        rules_ = rules;
        world_.update({{"deploymentConfiguration",
                        json::Object{{"minimumHealthyPercent", rules.minimum_healthy_percent},
                                     {"maximumPercent", rules.maximum_percent}}}});
    }

    void set_state(std::size_t host, const char* status) {
        world_.call("UpdateContainerInstancesState",
                    {{"cluster", "demo"},
                     {"containerInstances", json::Array{json::Value(world_.hosts[host]->arn)}},
                     {"status", status}});
    }

    void end_one_task() {
        const auto arns = world_.task_arns();
        if (arns.empty()) return;
        ended_ = arns[below(arns.size())];
        world_.hosts.front()->report(ended_, "STOPPED", {{"exitCode", 1}});
    }

    struct Counts {
        std::int64_t wanted = 0;
        std::int64_t well = 0;
    };

    Counts count() {
        Counts counts;
        for (const auto& [arn, task] : world_.ecs().store().tasks) {
            if (!ecs::is_live(task) || task.desired_status != "RUNNING") continue;
            ++counts.wanted;
            if (task.last_status == "RUNNING" && world_.now - *task.started_at >= ecs::settle_time)
                ++counts.well;
        }
        return counts;
    }

    // Whatever happens: nothing is started over the maximum, nothing that is well is stopped under
    // the minimum (but for a task that ended by itself).
    template <class Action>
    void checked(Action action) {
        ended_.clear();
        const Counts before = count();
        action();
        const Counts after = count();
        const auto limits = RolloutLimits::of(desired_, rules_, /*has_failed=*/false);
        EXPECT_LE(after.wanted, std::max(before.wanted, limits.tasks_max));
        const std::int64_t lost = ended_.empty() ? 0 : 1;
        EXPECT_GE(after.well, std::min(before.well - lost, limits.healthy_min - lost));
    }

    std::mt19937 random_;
    ServiceWorld world_;
    std::int64_t desired_ = 0;
    ecs::RolloutRules rules_;
    std::string ended_;
};

TEST(Rollout, KeepsItsLimitsInAnyOrderOfEventsAndComesToRest) {
    for (unsigned seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        RandomRollout rollout(seed);
        for (int i = 0; i < 150 && !testing::Test::HasFailure(); ++i)
            rollout.step();
        rollout.come_to_rest();
        if (testing::Test::HasFailure()) return;
    }
}

} // namespace
} // namespace squall::lab
