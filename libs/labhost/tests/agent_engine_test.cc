#include "agent_world.h"

namespace squall::labhost {
namespace {

json::Value container_of(const json::Value& report, std::size_t number = 0) {
    return json::array_at(report, "containers").at(number);
}

TEST(TaskEngine, StartsAContainerAsThePayloadSaysAndReportsItWithItsPorts) {
    EngineWorld world;
    json::Object payload = task_payload({container_payload(
        "web",
        {{"command", json::Array{"/bin/serve"}},
         {"portMappings",
          json::Array{
              json::Object{{"containerPort", 8080}, {"hostPort", 0}, {"protocol", "tcp"}}}}})});
    payload["roleCredentials"] = json::Object{{"credentialsId", "cred-1"}};
    world.apply(payload);
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    const json::Value report = container_of(world.last_report());
    EXPECT_EQ(json::string_at(report, "status"), "RUNNING");
    EXPECT_EQ(json::array_at(report, "networkBindings"),
              (json::Array{json::Object{{"bindIP", "0.0.0.0"},
                                        {"containerPort", 8080},
                                        {"hostPort", 32768},
                                        {"protocol", "tcp"}}}));
    const auto made = world.on_loop([&] { return world.docker->containers.begin()->second; });
    EXPECT_TRUE(made.name.starts_with("ecs-web-7-web-"));
    const auto& environment = json::array_at(made.body, "Env");
    const auto has = [&](std::string_view text) {
        return std::any_of(environment.begin(), environment.end(), [&](const json::Value& one) {
            return json::string_of(one).starts_with(text);
        });
    };
    EXPECT_TRUE(has("COLOUR=blue"));
    EXPECT_TRUE(has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/cred-1"));
    EXPECT_TRUE(has("ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/"));
    EXPECT_EQ(json::integer_at(json::object_at(made.body, "HostConfig"), "Memory"), 32 << 20);
}

TEST(TaskEngine, StopsWithTheTasksOwnGraceAndReportsTheExitCode) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.apply(task_payload({container_payload("web")}, "STOPPED"));
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_EQ(json::integer_at(container_of(world.last_report()), "exitCode"), 137);
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web")->stop_grace; }), 2);
    EXPECT_GT(json::number_at(world.last_report(), "executionStoppedAt"), 0);
}

TEST(TaskEngine, SaysInDockersWordsWhyAContainerNeverRan) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web", {{"image", "none:9"}})}));
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    const json::Value report = container_of(world.last_report());
    EXPECT_EQ(json::string_at(report, "reason"),
              "CannotPullContainerError: Error response from daemon: No such image: none:9");
    EXPECT_TRUE(json::at(report, "exitCode").is_null());
}

TEST(TaskEngine, CutsALongReasonAsTheAgentDoes) {
    EngineWorld world;
    world.docker->start_failure = std::string(1000, 'x');
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    const json::Value report = container_of(world.last_report());
    EXPECT_TRUE(json::string_at(report, "reason").starts_with("CannotStartContainerError: "));
    EXPECT_EQ(json::string_at(report, "reason").size(), 255U);
}

TEST(TaskEngine, GoesOnWithoutAContainerThatIsNotEssential) {
    EngineWorld world;
    world.apply(task_payload(
        {container_payload("web"), container_payload("side", {{"essential", false}})}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.docker->end(*world.docker->named("side"), 3); });
    ASSERT_TRUE(world.until(
        [&] { return json::integer_at(container_of(world.reports.back(), 1), "exitCode") == 3; }));
    EXPECT_EQ(json::string_at(world.last_report(), "status"), "RUNNING");
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web")->status; }), "running");
}

TEST(TaskEngine, StopsTheOthersWhenAnEssentialContainerEnds) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web"), container_payload("main")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.docker->end(*world.docker->named("main"), 1); });
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_EQ(json::integer_at(container_of(world.last_report(), 0), "exitCode"), 137);
    EXPECT_EQ(json::integer_at(container_of(world.last_report(), 1), "exitCode"), 1);
}

TEST(TaskEngine, StartsNothingTwiceForAPayloadThatComesTwice) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.apply(task_payload({container_payload("web")}));
    EXPECT_EQ(world.on_loop([&] { return world.docker->containers.size(); }), 1U);
}

TEST(TaskEngine, ReportsATaskThatItNeverHadAndShouldStopAsStopped) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}, "STOPPED"));
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_TRUE(world.on_loop([&] { return world.docker->containers.empty(); }));
}

TEST(TaskEngine, NeverStartsAContainerOfATaskThatWasStoppedWhileItWasMade) {
    EngineWorld world;
    world.docker->holds_creates = true;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until([&] { return !world.docker->held.empty(); }));
    world.apply(task_payload({container_payload("web")}, "STOPPED"));
    world.on_loop([&] { world.docker->held.front()(); });
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web")->starts; }), 0);
}

TEST(TaskEngine, StartsAContainerAfterTheOneItDependsOn) {
    EngineWorld world;
    const auto depends = [](const char* condition) {
        return json::Object{
            {"dependsOn",
             json::Array{json::Object{{"containerName", "setup"}, {"condition", condition}}}}};
    };
    world.apply(task_payload({container_payload("web", depends("SUCCESS")),
                              container_payload("setup", {{"essential", false}})}));
    ASSERT_TRUE(world.until([&] {
        return world.docker->named("setup") != nullptr
               && !world.docker->named("setup")->waiting.empty();
    }));
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web"); }), nullptr);
    world.on_loop([&] { world.docker->end(*world.docker->named("setup"), 0); });
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
}

TEST(TaskEngine, GivesATaskUpWhoseDependencyHasFailed) {
    EngineWorld world;
    world.apply(task_payload(
        {container_payload(
             "web",
             {{"dependsOn",
               json::Array{json::Object{{"containerName", "setup"}, {"condition", "SUCCESS"}}}}}),
         container_payload("setup", {{"essential", false}})}));
    ASSERT_TRUE(world.until([&] {
        return world.docker->named("setup") != nullptr
               && !world.docker->named("setup")->waiting.empty();
    }));
    world.on_loop([&] { world.docker->end(*world.docker->named("setup"), 1); });
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_EQ(world.on_loop([&] { return world.docker->containers.size(); }), 1U);
}

TEST(TaskEngine, RemovesContainersThreeHoursAfterTheirTaskHasStopped) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    EXPECT_FALSE(world.on_loop([&] { return world.engine().is_idle(); }));
    world.on_loop([&] { world.docker->end(*world.docker->named("web"), 0); });
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_TRUE(world.on_loop([&] { return world.engine().is_idle(); }));
    const auto clean_up_after = [&](Seconds time) {
        world.on_loop([&] { world.engine().clean_up(Wall::now() + time); });
    };
    clean_up_after(std::chrono::hours(4));
    EXPECT_TRUE(world.on_loop([&] { return world.engine().has(test_task); }))
        << "not before the control plane knows";
    world.on_loop([&] { world.state().tasks.at(test_task).reported_status = "STOPPED"; });
    clean_up_after(std::chrono::minutes(179));
    EXPECT_TRUE(world.on_loop([&] { return world.engine().has(test_task); }));
    clean_up_after(std::chrono::minutes(181));
    EXPECT_FALSE(world.on_loop([&] { return world.engine().has(test_task); }));
    EXPECT_TRUE(world.until([&] { return world.docker->containers.empty(); }));
}

} // namespace
} // namespace squall::labhost
