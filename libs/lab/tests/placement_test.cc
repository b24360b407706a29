#include "lab_world.h"

namespace squall::lab {
namespace {

class PlacementWorld : public LabWorld {
public:
    PlacementWorld() { call("RegisterTaskDefinition", web_task_definition()); }

    FakeInstance&
    add(const std::string& zone, std::int64_t cpu = 2048, std::int64_t memory = 4096) {
        const auto number = hosts.size() + 1;
        hosts.push_back(std::make_unique<FakeInstance>(
            *this, fmt::format("i-{:017}", number), cpu, memory, zone));
        hosts.back()->connect();
        return *hosts.back();
    }

    json::Object run(json::Object body) {
        body["cluster"] = "demo";
        if (!body.contains("taskDefinition")) body["taskDefinition"] = "web";
        return call("RunTask", std::move(body));
    }

    // The numbers of the instances that tasks went to, in order.
    std::vector<std::size_t> places(json::Object body) {
        std::vector<std::size_t> found;
        const auto answered = run(std::move(body));
        for (const auto& task : json::array_at(answered, "tasks")) {
            for (std::size_t i = 0; i < hosts.size(); ++i) {
                if (hosts[i]->arn == json::string_at(task, "containerInstanceArn"))
                    found.push_back(i + 1);
            }
        }
        return found;
    }

    std::string reason(json::Object body) {
        const auto answered = run(std::move(body));
        const auto& failures = json::array_at(answered, "failures");
        return failures.empty() ? "none" : std::string(json::string_at(failures.at(0), "reason"));
    }

    std::vector<std::unique_ptr<FakeInstance>> hosts;
};

json::Array steps(json::Object first) { return {std::move(first)}; }

TEST(PlacementConstraint, DistinctInstanceGivesEveryTaskOfAGroupAnInstanceOfItsOwn) {
    PlacementWorld world;
    world.add("us-east-1a");
    world.add("us-east-1a");
    const json::Array distinct = steps({{"type", "distinctInstance"}});
    const auto answered = world.run({{"placementConstraints", distinct}, {"count", 3}});
    EXPECT_EQ(json::array_at(answered, "tasks").size(), 2U);
    EXPECT_EQ(json::string_at(json::array_at(answered, "failures").at(0), "reason"),
              "DistinctInstance placement constraint unsatisfied.");
    EXPECT_EQ(world.reason({{"placementConstraints", distinct}, {"group", "other"}}), "none");
}

TEST(PlacementConstraint, MemberOfNamesInstancesByAQuery) {
    PlacementWorld world;
    world.add("us-east-1a");
    world.add("us-east-1b");
    const auto member_of = [](const char* expression) {
        return steps({{"type", "memberOf"}, {"expression", expression}});
    };
    EXPECT_EQ(world.places({{"placementConstraints",
                             member_of("attribute:ecs.availability-zone == us-east-1b")},
                            {"count", 3}}),
              (std::vector<std::size_t>{2, 2, 2}));
    EXPECT_EQ(world.reason({{"placementConstraints", member_of("attribute:gpu exists")}}),
              "MemberOf placement constraint unsatisfied.");
    const auto refused = world.try_call("ecs",
                                        "RunTask",
                                        {{"cluster", "demo"},
                                         {"taskDefinition", "web"},
                                         {"placementConstraints", member_of("gpu")}});
    EXPECT_EQ(refused.error().code, "InvalidParameterException");
    EXPECT_TRUE(refused.error().message.starts_with("Invalid query 'gpu': "));
}

TEST(PlacementConstraint, OfATaskDefinitionIsHeededToo) {
    PlacementWorld world;
    world.add("us-east-1a");
    json::Object definition = web_task_definition();
    definition["family"] = "picky";
    definition["placementConstraints"] =
        steps({{"type", "memberOf"}, {"expression", "attribute:gpu exists"}});
    world.call("RegisterTaskDefinition", definition);
    EXPECT_EQ(world.reason({{"taskDefinition", "picky"}}),
              "MemberOf placement constraint unsatisfied.");
    definition["placementConstraints"] = steps({{"type", "distinctInstance"}});
    const auto refused = world.try_call("ecs", "RegisterTaskDefinition", definition);
    EXPECT_EQ(refused.error().code, "ClientException");
    EXPECT_EQ(refused.error().message, "constraint.type 'distinctInstance' is not supported.");
}

TEST(PlacementStrategy, SpreadsOverZonesBeforeInstancesUnlessToldOtherwise) {
    PlacementWorld world;
    world.add("us-east-1a");
    world.add("us-east-1a");
    world.add("us-east-1b");
    const auto places = world.places({{"count", 4}});
    EXPECT_EQ(std::count(places.begin(), places.end(), 3U), 2) << "half of them in zone b";
}

TEST(PlacementStrategy, PacksTheFullestInstanceThatStillHasRoom) {
    PlacementWorld world;
    world.add("us-east-1a", 2048, 4096);
    world.add("us-east-1a", 2048, 128);
    EXPECT_EQ(
        world.places({{"placementStrategy", steps({{"type", "binpack"}, {"field", "memory"}})},
                      {"count", 3}}),
        (std::vector<std::size_t>{2, 2, 1}));
}

TEST(PlacementStrategy, RandomUsesThemAll) {
    PlacementWorld world;
    for (int i = 0; i < 3; ++i)
        world.add("us-east-1a");
    std::set<std::size_t> used;
    for (int i = 0; i < 3; ++i) {
        for (const auto place :
             world.places({{"placementStrategy", steps({{"type", "random"}})}, {"count", 10}}))
            used.insert(place);
    }
    EXPECT_EQ(used.size(), 3U);
}

TEST(PlacementStrategy, IsCheckedAndTakenAwayByAnEmptyObject) {
    PlacementWorld world;
    world.add("us-east-1a");
    const auto create = [&](const char* name, json::Object step) {
        return world.try_call("ecs",
                              "CreateService",
                              {{"cluster", "demo"},
                               {"serviceName", name},
                               {"taskDefinition", "web"},
                               {"placementStrategy", steps(std::move(step))}});
    };
    EXPECT_FALSE(create("a", {{"type", "spread"}, {"field", "color"}}));
    EXPECT_FALSE(create("a", {{"type", "binpack"}, {"field", "disk"}}));
    ASSERT_TRUE(create("a", {{"type", "spread"}, {"field", "attribute:ecs.availability-zone"}}));
    const auto updated = world.call(
        "UpdateService", {{"cluster", "demo"}, {"service", "a"}, {"placementStrategy", steps({})}});
    EXPECT_TRUE(json::array_at(json::at(updated, "service"), "placementStrategy").empty());
}

TEST(References, MayBeArnsOfTheOldFormWithoutTheCluster) {
    PlacementWorld world;
    FakeInstance& host = world.add("us-east-1a");
    const auto started = world.run({});
    const std::string task(json::string_at(json::array_at(started, "tasks").at(0), "taskArn"));
    const auto old_form = [](std::string arn) {
        return replace_all(std::move(arn), "/demo/", "/");
    };
    const auto tasks =
        world.call("DescribeTasks",
                   {{"cluster", "demo"}, {"tasks", json::Array{json::Value(old_form(task))}}});
    EXPECT_EQ(json::string_at(json::array_at(tasks, "tasks").at(0), "taskArn"), task);
    const auto instances =
        world.call("DescribeContainerInstances",
                   {{"cluster", "demo"},
                    {"containerInstances", json::Array{json::Value(old_form(host.arn))}}});
    EXPECT_EQ(json::array_at(instances, "containerInstances").size(), 1U);
    const auto other_region = world.call(
        "DescribeTasks",
        {{"cluster", "demo"},
         {"tasks",
          json::Array{json::Value(replace_all(old_form(task), "us-east-1", "eu-west-1"))}}});
    EXPECT_EQ(json::array_at(other_region, "failures").size(), 1U);
}

TEST(Tags, AreAddedChangedAndTakenAwayOnEveryKindOfThing) {
    PlacementWorld world;
    FakeInstance& host = world.add("us-east-1a");
    const auto started = world.run({});
    world.call("CreateService",
               {{"cluster", "demo"}, {"serviceName", "api"}, {"taskDefinition", "web"}});
    const std::string arns = "arn:aws:ecs:us-east-1:123456789012:";
    const std::vector<std::string> all{
        host.arn,
        std::string(json::string_at(json::array_at(started, "tasks").at(0), "taskArn")),
        arns + "service/demo/api",
        arns + "cluster/demo",
        arns + "task-definition/web:1"};
    for (const auto& arn : all) {
        const auto tag = [&](const char* key, const char* value) {
            world.call("TagResource",
                       {{"resourceArn", arn},
                        {"tags", json::Array{json::Object{{"key", key}, {"value", value}}}}});
        };
        tag("team", "blue");
        tag("stage", "test");
        tag("team", "red");
        const auto tags = world.call("ListTagsForResource", {{"resourceArn", arn}});
        EXPECT_EQ(json::text(json::array_at(tags, "tags")),
                  R"([{"key":"team","value":"red"},{"key":"stage","value":"test"}])")
            << arn;
        world.call("UntagResource",
                   {{"resourceArn", arn}, {"tagKeys", json::Array{"team", "none"}}});
        EXPECT_EQ(json::array_at(world.call("ListTagsForResource", {{"resourceArn", arn}}), "tags")
                      .size(),
                  1U);
    }
    const auto refused = [&](const std::string& arn, const char* key) {
        return world
            .try_call("ecs",
                      "TagResource",
                      {{"resourceArn", arn},
                       {"tags", json::Array{json::Object{{"key", key}, {"value", "x"}}}}})
            .error()
            .code;
    };
    EXPECT_EQ(refused(arns + "task/demo/none", "a"), "InvalidParameterException");
    EXPECT_EQ(refused(arns + "cluster/none", "a"), "ClusterNotFoundException");
    EXPECT_EQ(refused(arns + "cluster/demo", "aws:x"), "InvalidParameterException");
}

TEST(RunTask, DoesNotTakeTheNameOfAService) {
    PlacementWorld world;
    world.add("us-east-1a");
    const auto refused =
        world.try_call("ecs",
                       "RunTask",
                       {{"cluster", "demo"}, {"taskDefinition", "web"}, {"group", "service:web"}});
    EXPECT_EQ(refused.error().code, "InvalidParameterException");
}

} // namespace
} // namespace squall::lab
