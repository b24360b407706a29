#include "lab_world.h"

namespace squall::lab {
namespace {

std::string first_task_arn(const json::Object& answered) {
    return std::string(json::string_at(json::array_at(answered, "tasks").at(0), "taskArn"));
}

TEST(RunTask, IsRefusedWithAgentWhileTheAgentIsAway) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    const auto away = world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}});
    ASSERT_EQ(json::array_at(away, "failures").size(), 1U);
    EXPECT_EQ(json::string_at(json::array_at(away, "failures").at(0), "reason"), "AGENT");
    EXPECT_EQ(json::string_at(json::array_at(away, "failures").at(0), "arn"), instance.arn);
    EXPECT_TRUE(json::array_at(away, "tasks").empty());
    instance.connect();
    EXPECT_EQ(json::array_at(
                  world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}}), "tasks")
                  .size(),
              1U);
}

TEST(RunTask, SaysWhichResourceIsMissing) {
    LabWorld world;
    FakeInstance instance(world, "i-00000000000000001", 1024, 1000);
    instance.connect();
    const auto reason = [&](const json::Object& definition) {
        world.call("RegisterTaskDefinition", definition);
        const auto answered =
            world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}});
        return json::array_at(answered, "failures").empty()
                   ? std::string("none")
                   : std::string(
                       json::string_at(json::array_at(answered, "failures").at(0), "reason"));
    };
    EXPECT_EQ(reason(web_task_definition(2048, 64)), "RESOURCE:CPU");
    EXPECT_EQ(reason(web_task_definition(64, 2000)), "RESOURCE:MEMORY");
    EXPECT_EQ(reason(web_task_definition(64, 64, 22)), "RESOURCE:PORTS");
    EXPECT_EQ(reason(web_task_definition(64, 64, 8080)), "none");
    EXPECT_EQ(reason(web_task_definition(64, 64, 8080)), "RESOURCE:PORTS")
        << "the first task holds the port";
}

TEST(RunTask, SpreadsOverTheInstances) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance first(world, "i-00000000000000001");
    FakeInstance second(world, "i-00000000000000002");
    first.connect();
    second.connect();
    world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}, {"count", 4}});
    first.work();
    second.work();
    EXPECT_EQ(json::integer_at(first.describe(), "runningTasksCount"), 2);
    EXPECT_EQ(json::integer_at(second.describe(), "runningTasksCount"), 2);
}

TEST(Tasks, AreDeliveredAgainUntilTheAgentHasAcknowledgedThem) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}});
    EXPECT_EQ(instance.waiting(), std::vector<std::string>{"PayloadMessage"});
    instance.close();
    instance.connect();
    EXPECT_EQ(instance.waiting(), std::vector<std::string>{"PayloadMessage"})
        << "the first one was never acknowledged";
    instance.work();
    instance.close();
    instance.connect();
    EXPECT_TRUE(instance.waiting().empty());
}

TEST(Tasks, GoFromPendingToRunningToStoppedWithAwsReasons) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    const std::string arn =
        first_task_arn(world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}}));
    const auto task = [&] {
        return json::array_at(
                   world.call("DescribeTasks",
                              {{"cluster", "demo"}, {"tasks", json::Array{json::Value(arn)}}}),
                   "tasks")
            .at(0)
            .as_object();
    };
    EXPECT_EQ(json::string_at(task(), "lastStatus"), "PENDING");
    instance.work();
    EXPECT_EQ(json::string_at(task(), "lastStatus"), "RUNNING");
    EXPECT_EQ(json::string_at(task(), "connectivity"), "CONNECTED");
    world.call("StopTask", {{"cluster", "demo"}, {"task", arn}, {"reason", "enough"}});
    EXPECT_EQ(json::string_at(task(), "desiredStatus"), "STOPPED");
    instance.work();
    EXPECT_EQ(json::string_at(task(), "lastStatus"), "STOPPED");
    EXPECT_EQ(json::string_at(task(), "stoppedReason"), "enough");
    EXPECT_EQ(json::string_at(task(), "stopCode"), "UserInitiated");
}

TEST(Tasks, ThatEndByThemselvesSayWhy) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    const std::string exited =
        first_task_arn(world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}}));
    const std::string unpulled =
        first_task_arn(world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}}));
    instance.work();
    instance.report(exited, "STOPPED", {{"exitCode", 3}});
    instance.report(unpulled, "STOPPED", {{"reason", "CannotPullContainerError: no such image"}});
    const auto answered = world.call(
        "DescribeTasks",
        {{"cluster", "demo"}, {"tasks", json::Array{json::Value(exited), json::Value(unpulled)}}});
    EXPECT_EQ(json::string_at(json::array_at(answered, "tasks").at(0), "stopCode"),
              "EssentialContainerExited");
    EXPECT_EQ(json::string_at(json::array_at(answered, "tasks").at(1), "stopCode"),
              "TaskFailedToStart");
    EXPECT_EQ(json::string_at(json::array_at(answered, "tasks").at(1), "stoppedReason"),
              "CannotPullContainerError: no such image");
}

TEST(Tasks, KeepRunningForTheControlPlaneWhileTheirAgentIsAway) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}});
    instance.work();
    instance.close();
    world.pass(Seconds(300));
    EXPECT_EQ(
        json::array_at(world.call("ListTasks", {{"cluster", "demo"}, {"desiredStatus", "RUNNING"}}),
                       "taskArns")
            .size(),
        1U);
    EXPECT_EQ(json::integer_at(instance.describe(), "runningTasksCount"), 1);
}

TEST(Tasks, ThatHaveStoppedAreShownForAnHour) {
    LabWorld world;
    world.call("RegisterTaskDefinition", web_task_definition());
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    const std::string arn =
        first_task_arn(world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}}));
    instance.work();
    instance.report(arn, "STOPPED");
    const auto listed = [&] {
        return json::array_at(
                   world.call("ListTasks", {{"cluster", "demo"}, {"desiredStatus", "STOPPED"}}),
                   "taskArns")
            .size();
    };
    world.pass(std::chrono::minutes(59));
    EXPECT_EQ(listed(), 1U);
    world.pass(std::chrono::minutes(3));
    EXPECT_EQ(listed(), 0U);
}

TEST(TaskDefinitions, AreRevisedAndCheckedAsAwsDoes) {
    LabWorld world;
    EXPECT_EQ(json::integer_at(json::at(world.call("RegisterTaskDefinition", web_task_definition()),
                                        "taskDefinition"),
                               "revision"),
              1);
    EXPECT_EQ(json::integer_at(json::at(world.call("RegisterTaskDefinition", web_task_definition()),
                                        "taskDefinition"),
                               "revision"),
              2);
    EXPECT_EQ(
        json::integer_at(json::at(world.call("DescribeTaskDefinition", {{"taskDefinition", "web"}}),
                                  "taskDefinition"),
                         "revision"),
        2);
    EXPECT_EQ(json::integer_at(
                  json::at(world.call("DescribeTaskDefinition", {{"taskDefinition", "web:1"}}),
                           "taskDefinition"),
                  "revision"),
              1);
    const auto refused = [&](json::Object body) {
        return world.try_call("ecs", "RegisterTaskDefinition", std::move(body)).error().code;
    };
    EXPECT_EQ(refused({{"family", "web"}}), "ClientException");
    EXPECT_EQ(refused({{"family", "a b"}, {"containerDefinitions", json::Array{}}}),
              "ClientException");
    EXPECT_EQ(refused({{"family", "web"},
                       {"containerDefinitions",
                        json::Array{json::Object{{"name", "x"}, {"image", "y"}}}}}),
              "ClientException")
        << "no memory";
    EXPECT_EQ(
        refused({{"family", "web"},
                 {"containerDefinitions",
                  json::Array{json::Object{
                      {"name", "x"},
                      {"image", "y"},
                      {"memory", 1},
                      {"portMappings", json::Array{json::Object{{"containerPort", 70000}}}}}}}}),
        "ClientException");
}

TEST(TaskDefinitions, MayBeMalformedInAnyWayWithoutHarm) {
    LabWorld world;
    for (
        const char* text :
        {R"({"family":"x","containerDefinitions":"no list"})",
         R"({"family":"x","containerDefinitions":[1,null,"a",[]]})",
         R"({"family":5,"containerDefinitions":[{}]})",
         R"({"family":"x","containerDefinitions":[{"name":"a","image":"b","memory":1,"portMappings":[7],"environment":3}]})",
         R"({"family":"x","containerDefinitions":[{"name":"a","image":"b","memory":1,"portMappings":5}]})",
         R"({"family":"x","cpu":"9223372036854775807","containerDefinitions":[{"name":"a","image":"b","memory":9223372036854775807},{"name":"c","image":"b","memory":9223372036854775807}]})",
         R"({"family":"x","containerDefinitions":[{"name":"a","image":"b","memory":1e300}]})"}) {
        static_cast<void>(
            world.try_call("ecs", "RegisterTaskDefinition", json::parse_object(text).value()));
    }
}

} // namespace
} // namespace squall::lab
