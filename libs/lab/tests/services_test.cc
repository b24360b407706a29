#include "lab_world.h"

namespace squall::lab {
namespace {

TEST(Services, KeepTheirDesiredCountAndReplaceWhatEnds) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.call("CreateService",
               {{"cluster", "demo"},
                {"serviceName", "web"},
                {"taskDefinition", "web"},
                {"desiredCount", 2}});
    const auto service = [&] {
        return json::array_at(world.call("DescribeServices",
                                         {{"cluster", "demo"}, {"services", json::Array{"web"}}}),
                              "services")
            .at(0)
            .as_object();
    };
    instance.live(Seconds(15));
    EXPECT_EQ(json::integer_at(service(), "runningCount"), 2);
    EXPECT_NE(json::string_at(json::array_at(service(), "events").at(0), "message")
                  .find("(service web) has reached a steady state."),
              std::string_view::npos);
    const auto tasks = texts(json::array_at(
        world.call("ListTasks", {{"cluster", "demo"}, {"serviceName", "web"}}), "taskArns"));
    instance.live(Seconds(60));
    instance.report(tasks.front(), "STOPPED");
    instance.live(Seconds(5));
    EXPECT_EQ(json::integer_at(service(), "runningCount"), 2);
}

TEST(Services, DoNotStopTasksWhoseAgentIsAwayAndSayWhyTheyCannotPlace) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.call("CreateService",
               {{"cluster", "demo"},
                {"serviceName", "web"},
                {"taskDefinition", "web"},
                {"desiredCount", 1}});
    instance.work();
    instance.close();
    world.call("UpdateService", {{"cluster", "demo"}, {"service", "web"}, {"desiredCount", 2}});
    world.pass(Seconds(90));
    const auto service =
        json::array_at(
            world.call("DescribeServices", {{"cluster", "demo"}, {"services", json::Array{"web"}}}),
            "services")
            .at(0)
            .as_object();
    EXPECT_EQ(json::integer_at(service, "runningCount"), 1);
    int told = 0;
    for (const auto& event : json::array_at(service, "events")) {
        const std::string message(json::string_at(event, "message"));
        if (message.find("was unable to place a task because no container instance met all of its "
                         "requirements.")
            == std::string::npos)
            continue;
        ++told;
        EXPECT_NE(message.find("encountered error \"AGENT\""), std::string::npos) << message;
    }
    EXPECT_EQ(told, 1) << "once, until something changes";
    instance.connect();
    world.pass(Seconds(2));
    instance.work();
    EXPECT_EQ(json::integer_at(instance.describe(), "runningTasksCount"), 2);
}

// How many tasks a service of one starts in two minutes when each of them goes through `statuses`.
int starts_in_two_minutes(const std::vector<std::string>& statuses) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.call("CreateService",
               {{"cluster", "demo"},
                {"serviceName", "web"},
                {"taskDefinition", "web"},
                {"desiredCount", 1}});
    int started = 0;
    for (int second = 0; second < 120; ++second) {
        for (const auto& arn : texts(json::array_at(
                 world.call("ListTasks", {{"cluster", "demo"}, {"serviceName", "web"}}),
                 "taskArns"))) {
            ++started;
            for (const auto& status : statuses)
                instance.report(arn, status);
        }
        world.pass(Seconds(1));
        instance.connect(); // anew, so that it is not missed
    }
    return started;
}

TEST(Services, SlowDownWhenTheirTasksNeverRun) {
    const int started = starts_in_two_minutes({"STOPPED"});
    EXPECT_GE(started, 4);
    EXPECT_LE(started, 8);
}

TEST(Services, StartATaskAgainThatRanHoweverOftenItEnds) {
    const int started = starts_in_two_minutes({"RUNNING", "STOPPED"});
    EXPECT_GE(started, 50);
    EXPECT_LE(started, 120);
}

TEST(Services, ThatAreDeletedDrainTheirTasks) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.call("CreateService",
               {{"cluster", "demo"},
                {"serviceName", "web"},
                {"taskDefinition", "web"},
                {"desiredCount", 1}});
    instance.work();
    EXPECT_EQ(world.try_call("ecs", "DeleteService", {{"cluster", "demo"}, {"service", "web"}})
                  .error()
                  .code,
              "InvalidParameterException");
    world.call("DeleteService", {{"cluster", "demo"}, {"service", "web"}, {"force", true}});
    instance.work();
    world.pass(Seconds(2));
    EXPECT_EQ(json::integer_at(instance.describe(), "runningTasksCount"), 0);
    EXPECT_TRUE(
        json::array_at(world.call("ListServices", {{"cluster", "demo"}}), "serviceArns").empty());
}

TEST(Draining, MovesServiceTasksWhenOthersRunAndLeavesTheRest) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance leaving(world, "i-00000000000000001");
    leaving.connect();
    world.call("CreateService",
               {{"cluster", "demo"},
                {"serviceName", "web"},
                {"taskDefinition", "web"},
                {"desiredCount", 2}});
    world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}});
    leaving.work();
    const auto drained = world.call("UpdateContainerInstancesState",
                                    {{"cluster", "demo"},
                                     {"containerInstances", json::Array{json::Value(leaving.arn)}},
                                     {"status", "DRAINING"}});
    EXPECT_EQ(json::string_at(json::array_at(drained, "containerInstances").at(0), "status"),
              "DRAINING");
    world.pass(Seconds(5));
    leaving.work();
    EXPECT_EQ(json::integer_at(leaving.describe(), "runningTasksCount"), 3)
        << "nobody could take their place";
    FakeInstance other(world, "i-00000000000000002");
    other.connect();
    world.pass(Seconds(2));
    EXPECT_EQ(json::integer_at(other.describe(), "pendingTasksCount"), 2);
    leaving.work();
    EXPECT_EQ(json::integer_at(leaving.describe(), "runningTasksCount"), 3)
        << "their successors do not run yet";
    other.work();
    world.pass(ecs::settle_time + Seconds(2));
    leaving.work();
    EXPECT_EQ(json::integer_at(other.describe(), "runningTasksCount"), 2);
    EXPECT_EQ(json::integer_at(leaving.describe(), "runningTasksCount"), 1)
        << "what belongs to no service stays";
}

TEST(Draining, IsCountedInTheVersionAndEndsWithActive) {
    LabWorld world;
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    const auto update = [&](const char* status) {
        return world.try_call("ecs",
                              "UpdateContainerInstancesState",
                              {{"cluster", "demo"},
                               {"containerInstances", json::Array{json::Value(instance.arn)}},
                               {"status", status}});
    };
    const auto version = [&] {
        return json::integer_at(instance.describe(), "version");
    };
    const auto first = version();
    ASSERT_TRUE(update("DRAINING"));
    EXPECT_EQ(version(), first + 1);
    ASSERT_TRUE(update("DRAINING"));
    EXPECT_EQ(version(), first + 1) << "nothing has changed";
    ASSERT_TRUE(update("ACTIVE"));
    EXPECT_EQ(version(), first + 2);
    EXPECT_EQ(update("INACTIVE").error().code, "InvalidParameterException");
}

} // namespace
} // namespace squall::lab
