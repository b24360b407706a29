#include "lab_world.h"

namespace squall::lab {
namespace {

std::vector<std::string> texts(const json::Array& from) {
    std::vector<std::string> out;
    for (const auto& value : from)
        out.emplace_back(json::string_of(value));
    return out;
}

std::string first_task_arn(const json::Object& answered) {
    return std::string(json::string_at(json::array_at(answered, "tasks").at(0), "taskArn"));
}

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

TEST(ControlPlane, TakesBackAnAgentWhoseRegistrationItHasForgotten) {
    LabWorld world;
    const std::string arn = "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/"
                            "0123456789abcdef0123456789abcdef";
    const ecs::AgentHello hello{"demo", arn, "1.83.0", "c763e4dc", "x"};
    ASSERT_FALSE(world.ecs().acs_refusal(hello));
    static_cast<void>(world.ecs().acs_opened(
        hello,
        std::make_unique<FakeAgentChannel>(std::make_shared<FakeAgentChannel::Wire>()),
        world.now));
    const auto listed = world.call("ListContainerInstances", {{"cluster", "demo"}});
    EXPECT_EQ(texts(json::array_at(listed, "containerInstanceArns")),
              std::vector<std::string>{arn});
    // And reports on tasks that it never heard of do not stop such an agent.
    world.call("SubmitTaskStateChange",
               {{"cluster", "demo"},
                {"task", "arn:aws:ecs:us-east-1:123456789012:task/demo/unknown"},
                {"status", "RUNNING"}});
}

TEST(ControlPlane, RefusesAgentsOfUnknownClustersInTheAgentsOwnWords) {
    LabWorld world;
    EXPECT_EQ(world.ecs()
                  .acs_refusal({"other",
                                "arn:aws:ecs:us-east-1:123456789012:container-instance/other/1",
                                "",
                                "",
                                ""})
                  ->code,
              "InvalidClusterException");
    EXPECT_EQ(world.ecs()
                  .acs_refusal({"demo",
                                "arn:aws:ecs:us-east-1:123456789012:container-instance/other/1",
                                "",
                                "",
                                ""})
                  ->code,
              "InvalidInstanceException");
}

TEST(ControlPlane, GivesTasksWithARoleCredentialsAndRenewsThemInTime) {
    LabWorld world;
    json::Object definition = web_task_definition();
    definition["taskRoleArn"] = "arn:aws:iam::123456789012:role/web-task";
    world.call("RegisterTaskDefinition", definition);
    FakeInstance instance(world, "i-00000000000000001");
    instance.connect();
    world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "web"}});
    instance.work();
    bool renewed = false;
    const auto live_until = [&](WallTime when) {
        while (world.now < when) {
            world.pass(Seconds(5));
            const auto waiting = instance.waiting();
            renewed = renewed
                      || std::find(waiting.begin(), waiting.end(), "IAMRoleCredentialsMessage")
                             != waiting.end();
            instance.work();
        }
    };
    live_until(start_of_test + std::chrono::hours(5) + std::chrono::minutes(29));
    EXPECT_FALSE(renewed) << "the first ones last six hours";
    live_until(start_of_test + std::chrono::hours(5) + std::chrono::minutes(31));
    EXPECT_TRUE(renewed);
}

} // namespace
} // namespace squall::lab
