#include "lab_world.h"

namespace squall::lab {
namespace {

TEST(Clusters, AreFoundByNameAndByArnAndMissingOnesAreFailures) {
    LabWorld world;
    const auto answered = world.call(
        "DescribeClusters",
        {{"clusters",
          json::Array{"demo", "arn:aws:ecs:us-east-1:123456789012:cluster/demo", "nothing"}}});
    EXPECT_EQ(json::array_at(answered, "clusters").size(), 2U);
    ASSERT_EQ(json::array_at(answered, "failures").size(), 1U);
    EXPECT_EQ(json::string_at(json::array_at(answered, "failures").at(0), "reason"), "MISSING");
    const auto other_account =
        world.call("DescribeClusters",
                   {{"clusters", json::Array{"arn:aws:ecs:us-east-1:999999999999:cluster/demo"}}});
    EXPECT_TRUE(json::array_at(other_account, "clusters").empty());
}

TEST(ContainerInstances, AreRegisteredWithEveryAttributeEchoed) {
    LabWorld world;
    const FakeInstance instance(world, "i-00000000000000001");
    std::map<std::string, std::string> attributes;
    for (const auto& attribute : json::array_at(instance.registered, "attributes"))
        attributes[std::string(json::string_at(attribute, "name"))] =
            json::string_at(attribute, "value");
    EXPECT_EQ(attributes["ecs.os-type"], "linux");
    EXPECT_TRUE(attributes.contains("ecs.capability.full-sync"));
    EXPECT_EQ(attributes["ecs.availability-zone"], "us-east-1a");
    EXPECT_EQ(json::string_at(instance.registered, "ec2InstanceId"), "i-00000000000000001");
}

TEST(ContainerInstances, OfOneHostTheConnectedOneCountsAndThenTheNewer) {
    ecs::ContainerInstance older;
    ecs::ContainerInstance newer;
    newer.registered_at = older.registered_at + Seconds(1);
    EXPECT_TRUE(ecs::is_rather(newer, older));
    EXPECT_FALSE(ecs::is_rather(older, newer));
    older.agent_connected = true;
    EXPECT_TRUE(ecs::is_rather(older, newer));
    EXPECT_FALSE(ecs::is_rather(newer, older));
    EXPECT_FALSE(ecs::is_rather(older, older));
}

TEST(ContainerInstances, KeepTheirArnWhenTheirAgentRegistersAgain) {
    LabWorld world;
    const FakeInstance instance(world, "i-00000000000000001");
    const auto again = world.call("RegisterContainerInstance",
                                  {{"cluster", "demo"}, {"containerInstanceArn", instance.arn}});
    EXPECT_EQ(json::string_at(json::at(again, "containerInstance"), "containerInstanceArn"),
              instance.arn);
    EXPECT_EQ(json::array_at(world.call("ListContainerInstances", {{"cluster", "demo"}}),
                             "containerInstanceArns")
                  .size(),
              1U);
    const auto foreign =
        world.try_call("ecs",
                       "RegisterContainerInstance",
                       {{"cluster", "demo"},
                        {"containerInstanceArn",
                         "arn:aws:ecs:us-east-1:123456789012:container-instance/other/1"}});
    EXPECT_EQ(foreign.error().code, "InvalidParameterException");
}

TEST(ContainerInstances, ArePagedWithoutLossOrRepetition) {
    LabWorld world;
    std::set<std::string> made;
    for (int i = 0; i < 250; ++i)
        made.insert(FakeInstance(world, fmt::format("i-{:017}", i)).arn);
    std::vector<std::string> listed;
    std::string token;
    int pages = 0;
    do {
        json::Object body{{"cluster", "demo"}};
        if (!token.empty()) body["nextToken"] = token;
        const auto answered = world.call("ListContainerInstances", body);
        for (const auto& arn : texts(json::array_at(answered, "containerInstanceArns")))
            listed.push_back(arn);
        token = json::string_at(answered, "nextToken");
        ++pages;
    } while (!token.empty());
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), made);
    EXPECT_EQ(listed.size(), made.size());
}

TEST(ContainerInstances, MayNotBeDescribedByMoreThanAHundred) {
    LabWorld world;
    json::Array ids;
    for (int i = 0; i < 101; ++i)
        ids.emplace_back(std::to_string(i));
    const auto answered = world.try_call(
        "ecs", "DescribeContainerInstances", {{"cluster", "demo"}, {"containerInstances", ids}});
    EXPECT_EQ(answered.error().code, "InvalidParameterException");
}

TEST(AgentConnected, FollowsTheSocket) {
    LabWorld world;
    FakeInstance instance(world, "i-00000000000000001");
    EXPECT_FALSE(json::bool_at(instance.describe(), "agentConnected"));
    instance.connect();
    EXPECT_TRUE(json::bool_at(instance.describe(), "agentConnected"));
    const auto version = json::integer_at(instance.describe(), "version");
    instance.close();
    EXPECT_FALSE(json::bool_at(instance.describe(), "agentConnected"));
    EXPECT_EQ(json::integer_at(instance.describe(), "version"), version + 1);
}

TEST(AgentConnected, TurnsFalseWhenHeartbeatsStayUnansweredThoughTheSocketIsOpen) {
    LabWorld world;
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    for (int i = 0; i < 10; ++i) {
        world.pass(Seconds(10));
        instance.work();
    }
    EXPECT_TRUE(json::bool_at(instance.describe(), "agentConnected"));
    world.pass(ecs::ControlPlane::heartbeat_interval + ecs::ControlPlane::heartbeat_patience
               + Seconds(1));
    EXPECT_FALSE(json::bool_at(instance.describe(), "agentConnected"));
    EXPECT_TRUE(instance.is_closed());
}

TEST(AgentConnected, StaysTrueWhenANewConnectionTakesOverTheOld) {
    LabWorld world;
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    const auto version = json::integer_at(instance.describe(), "version");
    instance.connect();
    EXPECT_TRUE(json::bool_at(instance.describe(), "agentConnected"));
    EXPECT_EQ(json::integer_at(instance.describe(), "version"), version) << "nobody sees a gap";
}

TEST(AgentConnected, ChangesAreRecordedAsEventsWithTheirVersions) {
    LabWorld world;
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    instance.close();
    const auto events = world.ecs().events().after(0);
    std::vector<bool> connected;
    std::int64_t last_version = 0;
    for (const auto& event : events) {
        const auto& detail = json::at(event, "detail");
        EXPECT_EQ(json::string_at(event, "detail-type"), "ECS Container Instance State Change");
        EXPECT_GT(json::integer_at(detail, "version"), last_version);
        last_version = json::integer_at(detail, "version");
        connected.push_back(json::bool_at(detail, "agentConnected"));
    }
    EXPECT_EQ(connected, (std::vector<bool>{false, true, false}));
    EXPECT_EQ(world.ecs().events().after(2).size(), 1U);
}

TEST(Tags, AreShownWhereTheyAreAskedFor) {
    LabWorld world;
    const json::Array tags{json::Object{{"key", "team"}, {"value", "blue"}}};
    json::Object definition = web_task_definition();
    definition["tags"] = tags;
    world.call("RegisterTaskDefinition", definition);
    world.call("CreateCluster", {{"clusterName", "tagged"}, {"tags", tags}});
    const auto shown = [&](const char* operation, json::Object body, const char* list) {
        const auto answered = world.call(operation, std::move(body));
        return list == nullptr ? json::array_at(answered, "tags")
                               : json::array_at(json::array_at(answered, list).at(0), "tags");
    };
    const json::Array with{"TAGS"};
    EXPECT_TRUE(
        shown("DescribeClusters", {{"clusters", json::Array{"tagged"}}}, "clusters").empty());
    EXPECT_EQ(shown("DescribeClusters",
                    {{"clusters", json::Array{"tagged"}}, {"include", with}},
                    "clusters"),
              tags);
    EXPECT_TRUE(shown("DescribeTaskDefinition", {{"taskDefinition", "web"}}, nullptr).empty());
    EXPECT_EQ(
        shown("DescribeTaskDefinition", {{"taskDefinition", "web"}, {"include", with}}, nullptr),
        tags);
    EXPECT_EQ(shown("ListTagsForResource",
                    {{"resourceArn", "arn:aws:ecs:us-east-1:123456789012:cluster/tagged"}},
                    nullptr),
              tags);
}

TEST(ContainerInstances, AreRefusedOnceTheyHaveBeenDeregistered) {
    LabWorld world;
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.ecs().forget_registrations("i-00000000000000001", {"arn:of:another"}, world.now);
    EXPECT_TRUE(instance.is_closed());
    EXPECT_TRUE(world.ecs().store().instances.empty());
    const auto again =
        world.try_call("ecs",
                       "RegisterContainerInstance",
                       {{"cluster", "demo"}, {"containerInstanceArn", instance.arn}});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, "ClientException");
    EXPECT_NE(again.error().message.find("is inactive."), std::string::npos);
    FakeInstance anew(world, "i-00000000000000001");
    EXPECT_NE(anew.arn, instance.arn);
}

TEST(ContainerInstances, CannotBecomeOnesOfAnotherType) {
    LabWorld world;
    const FakeInstance instance(world, "i-00000000000000001");
    const auto again = [&](const char* type) {
        return world.try_call("ecs",
                              "RegisterContainerInstance",
                              {{"cluster", "demo"},
                               {"containerInstanceArn", instance.arn},
                               {"instanceIdentityDocument",
                                json::text(json::Object{{"instanceId", "i-00000000000000001"},
                                                        {"instanceType", type}})}});
    };
    const auto refused = again("m5.large");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "Container instance type changes are not supported.");
    EXPECT_TRUE(again("t3.medium"));
}

TEST(ContainerInstances, GetNoAttributeBackThatEcsDoesNotTakeAndNoTagOfAws) {
    LabWorld world;
    const auto registered =
        world.call("RegisterContainerInstance",
                   {{"cluster", "demo"},
                    {"attributes",
                     json::Array{json::Object{{"name", "rack"}, {"value", "r12"}},
                                 json::Object{{"name", "rack #4"}, {"value", "r12"}},
                                 json::Object{{"name", std::string(129, 'a')}},
                                 json::Object{{"name", "note"}, {"value", "a;b"}}}}});
    std::vector<std::string> names;
    const json::Value& instance = json::at(registered, "containerInstance");
    for (const auto& attribute : json::array_at(instance, "attributes"))
        names.emplace_back(json::string_at(attribute, "name"));
    EXPECT_EQ(names, std::vector<std::string>{"rack"});
    const auto refused = world.try_call(
        "ecs",
        "RegisterContainerInstance",
        {{"cluster", "demo"},
         {"tags", json::Array{json::Object{{"key", "aws:owner"}, {"value", "me"}}}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "InvalidParameterException");
}

TEST(ContainerInstances, LoseTheirConnectionWhenItExpiresAndMayDialAgain) {
    LabWorld world;
    FakeInstance one(world, "i-00000000000000001");
    FakeInstance two(world, "i-00000000000000002");
    one.connect();
    two.connect();
    world.ecs().expire_connections("i-00000000000000001", world.now);
    EXPECT_TRUE(one.is_closed());
    EXPECT_FALSE(two.is_closed());
    EXPECT_FALSE(json::bool_at(one.describe(), "agentConnected"));
    one.connect();
    EXPECT_TRUE(json::bool_at(one.describe(), "agentConnected"));
}

} // namespace
} // namespace squall::lab
