#include "squall/watch/observer.h"

#include "fake_process.h"
#include "fake_region.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace squall::watch {
namespace {

using monitor::ApiOutcome;

class Observers : public ::testing::Test {
protected:
    Observer& observer() {
        if (!observer_) observer_.emplace(process.client, process.clock, options);
        return *observer_;
    }

    std::vector<monitor::Input> poll() { return observer().poll({}); }

    // Of the kind that is asked for, the only one.
    template <class T>
    static const T& only(const std::vector<monitor::Input>& inputs) {
        const T* found = nullptr;
        for (const auto& input : inputs) {
            if (const T* one = std::get_if<T>(&input)) {
                EXPECT_EQ(found, nullptr);
                found = one;
            }
        }
        if (found == nullptr) std::abort();
        return *found;
    }

    template <class T>
    static bool has(const std::vector<monitor::Input>& inputs) {
        return std::any_of(inputs.begin(), inputs.end(), [](const auto& input) {
            return std::holds_alternative<T>(input);
        });
    }

    static monitor::LookRequest request(const std::string& id) {
        return {"demo/" + id, demo_cluster, {FakeRegion::arn(id)}, id};
    }

    std::vector<monitor::LookAnswer> look(const std::vector<std::string>& ids) {
        monitor::Look asked;
        for (const auto& id : ids)
            asked.hosts.push_back(request(id));
        return observer().look(asked, {}).answers;
    }

    monitor::LookAnswer look(const std::string& id) {
        return look(std::vector<std::string>{id}).at(0);
    }

    const std::string first = FakeRegion::id(1);
    FakeRegion region;
    FakeProcess<> process{region};
    ObserverOptions options;

private:
    std::optional<Observer> observer_;
};

TEST_F(Observers, PollEveryPageAndAHundredACall) {
    region.page_max = 60;
    for (int number = 1; number <= 250; ++number)
        region.add(number);
    const auto inputs = poll();
    EXPECT_EQ(only<monitor::Polled>(inputs).reports.size(), 250U);
    EXPECT_EQ(region.calls("ecs:ListContainerInstances"), 5);
    EXPECT_EQ(region.asked("ecs:DescribeContainerInstances"),
              (std::vector<std::size_t>{100, 100, 50}));
    EXPECT_FALSE(has<monitor::PollFailed>(inputs));
}

TEST_F(Observers, PollOnlyClustersWithTheTagThatIsWanted) {
    options.cluster_tag = "production";
    region.add(1);
    region.cluster_tags = {{std::string(monitor::cluster_tag_key), "staging"}};
    auto inputs = poll();
    EXPECT_FALSE(only<monitor::ClustersSeen>(inputs).clusters.at(0).is_monitored);
    EXPECT_FALSE(has<monitor::Polled>(inputs));
    region.cluster_tags = {{std::string(monitor::cluster_tag_key), "production"}};
    EXPECT_TRUE(has<monitor::Polled>(poll()));
}

TEST_F(Observers, TellWhyAPollHasFailed) {
    region.add(1);
    const auto outcome_with = [&](const std::string& operation, const std::string& code) {
        region.refusals = {{operation, code}};
        return only<monitor::PollFailed>(poll());
    };
    EXPECT_EQ(outcome_with("ecs:ListClusters", "AccessDeniedException").outcome,
              ApiOutcome::denied);
    EXPECT_EQ(outcome_with("ecs:DescribeContainerInstances", "ThrottlingException").outcome,
              ApiOutcome::throttled);
    const auto failed = outcome_with("ecs:ListContainerInstances", "ServerException");
    EXPECT_EQ(failed.outcome, ApiOutcome::unavailable);
    EXPECT_NE(failed.what.find("ListContainerInstances"), std::string::npos);
    EXPECT_FALSE(has<monitor::GroupMembersSeen>(poll())) << "nothing is judged by half a poll";
}

TEST_F(Observers, KnowTheClusterOfAGroupByThoseOfItThatHaveRegistered) {
    for (int number = 1; number <= 3; ++number)
        region.add(number).group = "hosts";
    region.add(2).is_registered = false;
    region.add(3).is_registered = false;
    region.add(3).state = "stopped";
    region.add(4).group = "of-something-else";
    region.add(4).is_registered = false;
    const auto inputs = poll();
    const auto& members = only<monitor::GroupMembersSeen>(inputs).members;
    ASSERT_EQ(members.size(), 3U);
    EXPECT_EQ(members[1].ec2_instance_id, FakeRegion::id(2));
    EXPECT_EQ(members[1].cluster, demo_cluster);
    EXPECT_EQ(members[1].lifecycle_state, "InService");
    EXPECT_EQ(members[1].ec2->state, "running");
    EXPECT_EQ(members[2].ec2->state, "stopped");
    EXPECT_EQ(region.asked("ec2:DescribeInstances"), std::vector<std::size_t>{2})
        << "of what has registered ECS tells";
}

TEST_F(Observers, KnowTheClusterOfAGroupThatWasNamed) {
    region.add(1).group = "lonely";
    region.add(1).is_registered = false;
    EXPECT_TRUE(only<monitor::GroupMembersSeen>(poll()).members.empty());
    options.group_clusters = {{"lonely", "demo"}};
    Observer told(process.client, process.clock, options);
    const auto inputs = told.poll({});
    EXPECT_EQ(only<monitor::GroupMembersSeen>(inputs).members.at(0).cluster, "demo");
}

TEST_F(Observers, AskForGroupsNoMoreOnceThatWasRefused) {
    region.add(1);
    region.refusals = {{"autoscaling:DescribeAutoScalingGroups", "AccessDenied"}};
    for (int i = 0; i < 3; ++i) {
        const auto inputs = poll();
        EXPECT_TRUE(has<monitor::Polled>(inputs));
        EXPECT_FALSE(has<monitor::PollFailed>(inputs));
    }
    EXPECT_EQ(region.calls("autoscaling:DescribeAutoScalingGroups"), 1);
    region.add(1).is_connected = false;
    EXPECT_EQ(look(first).outcome, ApiOutcome::ok);
    EXPECT_EQ(region.calls("autoscaling:DescribeAutoScalingInstances"), 0);
}

TEST_F(Observers, LookAtWhatEcsAndEc2Say) {
    region.add(1).is_connected = false;
    region.add(2).state = "stopped";
    region.add(3).state.clear();
    region.add(4).is_registered = false;
    const auto answers = look({first, FakeRegion::id(2), FakeRegion::id(3), FakeRegion::id(4)});
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_EQ(answers[0].host, "demo/" + first);
    EXPECT_FALSE(answers[0].reports.at(0).agent_connected);
    EXPECT_EQ(answers[0].ec2->state, "running");
    EXPECT_EQ(answers[1].ec2->state, "stopped");
    EXPECT_FALSE(answers[2].ec2) << "EC2 has forgotten it, and tells of the others";
    EXPECT_EQ(answers[3].missing, std::vector<std::string>{FakeRegion::arn(FakeRegion::id(4))});
    for (const auto& answer : answers)
        EXPECT_EQ(answer.outcome, ApiOutcome::ok);
}

TEST_F(Observers, LookByAHundredACall) {
    std::vector<std::string> ids;
    for (int number = 1; number <= 120; ++number) {
        auto& host = region.add(number);
        host.is_connected = false;
        host.group = "hosts";
        ids.push_back(host.instance_id);
    }
    const auto answers = look(ids);
    EXPECT_TRUE(std::all_of(answers.begin(), answers.end(), [](const auto& answer) {
        return answer.outcome == ApiOutcome::ok && answer.lifecycle_state == "InService";
    }));
    EXPECT_EQ(region.asked("ecs:DescribeContainerInstances"), (std::vector<std::size_t>{100, 20}));
    EXPECT_EQ(region.asked("ec2:DescribeInstances"), (std::vector<std::size_t>{100, 20}));
    EXPECT_EQ(region.asked("autoscaling:DescribeAutoScalingInstances"),
              (std::vector<std::size_t>{50, 50, 20}));
}

TEST_F(Observers, DoNotAskAgainWhatThePollOfGroupsHasSaid) {
    region.add(1).is_connected = false;
    monitor::Look after_a_poll;
    after_a_poll.hosts = {{"demo/" + first, demo_cluster, {}, first}};
    EXPECT_EQ(observer().look(after_a_poll, {}).answers.at(0).ec2->state, "running");
    EXPECT_EQ(region.calls("autoscaling:DescribeAutoScalingInstances"), 0);
}

TEST_F(Observers, TakeAnAnswerThatLeavesSomethingOutForNoAnswer) {
    region.add(1);
    region.add(2);
    region.unspoken = {FakeRegion::arn(first)};
    const auto answers = look({first, FakeRegion::id(2)});
    EXPECT_EQ(answers[0].outcome, ApiOutcome::unavailable);
    EXPECT_NE(answers[0].what.find("DescribeContainerInstances"), std::string::npos);
    EXPECT_EQ(answers[1].outcome, ApiOutcome::ok);
}

TEST_F(Observers, TellWhyALookHasFailed) {
    region.add(1);
    const auto outcome_with = [&](const std::string& operation, const std::string& code) {
        region.refusals = {{operation, code}};
        return look(first).outcome;
    };
    EXPECT_EQ(outcome_with("ecs:DescribeContainerInstances", "AccessDeniedException"),
              ApiOutcome::denied);
    EXPECT_EQ(outcome_with("ecs:DescribeContainerInstances", "ThrottlingException"),
              ApiOutcome::throttled);
    EXPECT_EQ(outcome_with("ec2:DescribeInstances", "UnauthorizedOperation"), ApiOutcome::denied);
    EXPECT_EQ(outcome_with("ec2:DescribeInstances", "RequestLimitExceeded"), ApiOutcome::throttled);
    EXPECT_EQ(outcome_with("ec2:DescribeInstances", "InternalError"), ApiOutcome::unavailable);
    EXPECT_EQ(region.calls("autoscaling:DescribeAutoScalingInstances"), 0);
}

TEST_F(Observers, AskSystemsManagerAboutExternalInstances) {
    const std::string external = FakeRegion::id(1, "mi-");
    region.add(1, "mi-").is_connected = false;
    EXPECT_EQ(look(external).ec2->state, "running");
    region.add(1, "mi-").state = "stopped";
    EXPECT_EQ(look(external).ec2->state, "stopped");
    region.add(1, "mi-").state.clear();
    EXPECT_FALSE(look(external).ec2);
    EXPECT_EQ(region.calls("ec2:DescribeInstances"), 0);
    EXPECT_EQ(region.calls("autoscaling:DescribeAutoScalingInstances"), 0);
    region.refusals = {{"ssm:DescribeInstanceInformation", "AccessDeniedException"}};
    EXPECT_EQ(look(external).outcome, ApiOutcome::denied);
}

TEST_F(Observers, SeeWhatAGroupDoesWithAHostWhoseAgentIsGone) {
    for (int number = 1; number <= 4; ++number) {
        auto& host = region.add(number);
        host.is_connected = false;
        host.group = "hosts";
        host.lifecycle_state = "Terminating:Wait";
    }
    region.add(2).group.clear();
    region.add(3).is_connected = true;
    region.add(4).state = "shutting-down";
    const auto answers = look({first, FakeRegion::id(2), FakeRegion::id(3), FakeRegion::id(4)});
    EXPECT_EQ(answers[0].lifecycle_state, "Terminating:Wait");
    EXPECT_EQ(answers[1].lifecycle_state, "") << "it is in no group";
    EXPECT_EQ(region.asked("autoscaling:DescribeAutoScalingInstances"), std::vector<std::size_t>{2})
        << "one that is back, and one that EC2 explains, are not asked about";
}

TEST_F(Observers, LookAsWellWithoutAutoScaling) {
    auto& host = region.add(1);
    host.is_connected = false;
    host.group = "hosts";
    host.lifecycle_state = "Terminating";
    const char* operation = "autoscaling:DescribeAutoScalingInstances";
    region.refusals = {{operation, "Throttling"}};
    EXPECT_EQ(look(first).outcome, ApiOutcome::ok);
    EXPECT_EQ(look(first).lifecycle_state, "");
    region.refusals.clear();
    EXPECT_EQ(look(first).lifecycle_state, "Terminating") << "a throttled call is asked again";
    region.refusals = {{operation, "AccessDenied"}};
    const int before = region.calls(operation);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(look(first).outcome, ApiOutcome::ok);
    EXPECT_EQ(region.calls(operation), before + 1) << "and a refused one never more";
}

} // namespace
} // namespace squall::watch
