#include "ecs/cluster_query.h"

#include "lab_world.h"

namespace squall::lab {
namespace {

using ecs::ClusterQuery;

// An instance with a running task of service web and a pending one of a family.
class Asked {
public:
    Asked() {
        instance_.ec2_instance_id = "i-0123456789abcdef0";
        instance_.agent_connected = true;
        instance_.agent_version = "1.83.0";
        instance_.registered_at = parse_time("2026-11-21T06:00:00Z").value();
        instance_.attributes = {{"ecs.instance-type", "t3.medium"},
                                {"ecs.availability-zone", "us-east-1a"},
                                {"ecs.capability.full-sync", ""},
                                {"rack", "7"}};
        running_.group = "service:web";
        running_.last_status = "RUNNING";
        pending_.group = "family:batch";
    }

    bool operator()(std::string_view text) const {
        const auto query = ClusterQuery::parse(text);
        EXPECT_TRUE(query) << text << ": " << (query ? "" : query.error().message);
        return query && query->matches({instance_, {&running_, &pending_}});
    }

private:
    ecs::ContainerInstance instance_;
    ecs::Task running_;
    ecs::Task pending_;
};

TEST(ClusterQuery, AsksForAttributesByValueListAndPattern) {
    const Asked asked;
    EXPECT_TRUE(asked("attribute:ecs.instance-type == t3.medium"));
    EXPECT_TRUE(asked("attribute:ecs.instance-type equals 't3.medium'"));
    EXPECT_TRUE(asked("attribute:ecs.instance-type==\"t3.medium\""));
    EXPECT_FALSE(asked("attribute:ecs.instance-type != t3.medium"));
    EXPECT_TRUE(asked("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]"));
    EXPECT_TRUE(asked("attribute:ecs.availability-zone not_in ['us-east-1b']"));
    EXPECT_FALSE(asked("attribute:ecs.availability-zone !in [us-east-1a]"));
    EXPECT_TRUE(asked("attribute:ecs.instance-type =~ t3.*"));
    EXPECT_FALSE(asked("attribute:ecs.instance-type =~ 3")) << "the whole value";
    EXPECT_TRUE(asked("attribute:ecs.instance-type matches '(t3|m5)[.][a-z]+'"));
    EXPECT_TRUE(asked("attribute:ecs.instance-type !~ m5.*"));
    EXPECT_TRUE(asked("attribute:ecs.capability.full-sync exists"));
    EXPECT_TRUE(asked("attribute:gpu !exists"));
    EXPECT_TRUE(asked("attribute:gpu not_exists"));
    EXPECT_FALSE(asked("attribute:gpu == yes"));
    EXPECT_TRUE(asked("attribute:gpu != yes"));
    EXPECT_TRUE(asked("attribute:rack < 10")) << "as numbers";
}

TEST(ClusterQuery, AsksForWhatEcsKnowsOfAnInstance) {
    const Asked asked;
    EXPECT_TRUE(asked("agentConnected == true"));
    EXPECT_FALSE(asked("agentConnected==false"));
    EXPECT_TRUE(asked("agentVersion < 1.100.0")) << "part by part";
    EXPECT_TRUE(asked("agentVersion >= 1.83.0"));
    EXPECT_TRUE(asked("ec2InstanceId in ['i-abcd1234', 'i-0123456789abcdef0']"));
    EXPECT_TRUE(asked("ec2InstanceId =~ i-[0-9a-f]+"));
    EXPECT_TRUE(asked("runningTasksCount == 1"));
    EXPECT_TRUE(asked("runningTasksCount less_than_equal 1"));
    EXPECT_FALSE(asked("runningTasksCount greater_than 1"));
    EXPECT_TRUE(asked("registeredAt > 2018-02-13"));
    EXPECT_TRUE(asked("registeredAt <= 2026-11-21T06:00:00"));
    EXPECT_FALSE(asked("registeredAt < 2026-11-21T07:00:00+02:00"));
    EXPECT_TRUE(asked("registeredAt == 2026-11-21T06:00:00Z"));
    EXPECT_TRUE(asked("task:group == service:web"));
    EXPECT_TRUE(asked("task:group == family:batch"));
    EXPECT_TRUE(asked("not(task:group == database)"));
    EXPECT_FALSE(asked("task:group != service:web")) << "one of them is";
}

TEST(ClusterQuery, JoinsQuestionsWithAndBeforeOr) {
    const Asked asked;
    EXPECT_TRUE(
        asked("agentConnected == true or agentConnected == false and runningTasksCount > 9"));
    EXPECT_FALSE(
        asked("(agentConnected == true or agentConnected == false) and runningTasksCount > 9"));
    EXPECT_TRUE(asked("agentConnected == true && !(runningTasksCount > 9 || attribute:rack == 1)"));
    EXPECT_TRUE(asked("!agentConnected == false"));
    EXPECT_TRUE(asked("not not agentConnected == true"));
}

TEST(ClusterQuery, SaysWhereItCannotBeRead) {
    const auto trouble = [](std::string_view text) {
        const auto query = ClusterQuery::parse(text);
        return query ? std::string("none") : query.error().message;
    };
    EXPECT_EQ(trouble("agentConnected"), "an operator is expected at position 15");
    EXPECT_EQ(trouble("agentConnected =="), "a value is expected at position 18");
    EXPECT_EQ(trouble("(agentConnected == true"), "')' is expected at position 24");
    EXPECT_EQ(trouble("agentConnected == true)"),
              "'and', 'or' or the end is expected at position 23");
    EXPECT_EQ(trouble("ec2InstanceId in i-1"), "'[' is expected at position 18");
    EXPECT_EQ(trouble("ec2InstanceId in [i-1"), "',' or ']' is expected at position 22");
    EXPECT_EQ(trouble("agentConnected == 'true"),
              "the closing quote of a value is expected at position 19");
    EXPECT_EQ(trouble("agentConnected > true"), "agentConnected does not go with the operator >");
    EXPECT_EQ(trouble("runningTasksCount == many"), "'many' is no number");
    EXPECT_EQ(trouble("registeredAt < yesterday"), "'yesterday' is no date such as 2018-06-18");
    EXPECT_EQ(trouble("ec2InstanceId =~ [a"), "'[a' is no regular expression");
    for (const char* huge : {"a\\22222222222222222222", "a{99999999999999999999}", "a{1,99999}"})
        EXPECT_EQ(trouble(fmt::format("ec2InstanceId =~ {}", huge)),
                  fmt::format("'{}' is no regular expression", huge));
    EXPECT_EQ(trouble("ec2InstanceId =~ i-[0-9]{17}12345678"), "none");
    EXPECT_NE(trouble("color == red").find("attribute:NAME"), std::string::npos);
    EXPECT_NE(trouble(""), "none");
    EXPECT_NE(trouble(std::string(1000, '(')), "none");
    EXPECT_NE(trouble(std::string(20'000, 'a')), "none");
}

TEST(ClusterQuery, IsNotHeldUpByAPatternThatTriesEverything) {
    const Asked asked;
    EXPECT_FALSE(asked("attribute:ecs.instance-type =~ '((((a|[^x])*)*)*)*y'"));
}

TEST(ListContainerInstances, IsFilteredByAQuery) {
    LabWorld world;
    FakeInstance here(world, "i-00000000000000001");
    FakeInstance away(world, "i-00000000000000002");
    here.connect();
    const auto listed = [&](const char* filter) {
        const auto answered =
            world.call("ListContainerInstances", {{"cluster", "demo"}, {"filter", filter}});
        return json::array_at(answered, "containerInstanceArns").size();
    };
    EXPECT_EQ(listed("agentConnected == true"), 1U);
    EXPECT_EQ(listed("attribute:ecs.os-type == linux"), 2U);
    EXPECT_EQ(listed("ec2InstanceId == i-00000000000000002 and agentConnected == true"), 0U);
    const auto refused = world.try_call(
        "ecs", "ListContainerInstances", {{"cluster", "demo"}, {"filter", "agentConnected ="}});
    EXPECT_EQ(refused.error().code, "InvalidParameterException");
    EXPECT_EQ(refused.error().message,
              "Invalid query 'agentConnected =': an operator is expected at position 16.");
}

} // namespace
} // namespace squall::lab
