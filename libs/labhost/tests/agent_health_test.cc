#include "agent_world.h"

namespace squall::labhost {
namespace {

json::Object checked(json::Object more = {}) {
    more["healthCheckType"] = "docker";
    more["dockerConfig"] = json::Object{
        {"version", "1.24"},
        {"config", R"({"Healthcheck":{"Test":["CMD","true"],"Interval":5000000000}})"}};
    return more;
}

std::string health_in(const json::Array& report) {
    if (report.empty()) return "none";
    const auto& container = json::array_at(report.front(), "containers").at(0);
    return fmt::format("{} {} {} {}",
                       json::string_at(report.front(), "taskDefinitionFamily"),
                       json::string_at(report.front(), "taskDefinitionVersion"),
                       json::string_at(container, "containerName"),
                       json::string_at(container, "healthStatus"));
}

TEST(TaskHealth, IsAskedOfTheEngineAndReportedInTheAgentsWords) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web", checked())}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    const auto reported = [&](const std::string& text) {
        return world.until([&] { return health_in(world.engine().health_report()) == text; });
    };
    EXPECT_TRUE(reported("web 7 web UNKNOWN"));
    const auto made = world.on_loop([&] { return world.docker->named("web")->body; });
    EXPECT_EQ(json::array_at(json::at(made, "Healthcheck"), "Test"), (json::Array{"CMD", "true"}));
    world.on_loop([&] { world.docker->named("web")->health = "healthy"; });
    EXPECT_TRUE(reported("web 7 web HEALTHY"));
    world.on_loop([&] { world.docker->named("web")->health = "unhealthy"; });
    EXPECT_TRUE(reported("web 7 web UNHEALTHY"));
    world.on_loop([&] { world.docker->end(*world.docker->named("web"), 1); });
    EXPECT_TRUE(reported("none")) << "what has stopped has no health any more";
}

TEST(TaskHealth, IsNotReportedOfContainersThatNobodyChecks) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    EXPECT_EQ(world.on_loop([&] { return health_in(world.engine().health_report()); }), "none");
    EXPECT_FALSE(
        world.on_loop([&] { return world.docker->named("web")->body.contains("Healthcheck"); }));
}

TEST(TaskHealth, HoldsBackAContainerThatWaitsForAHealthyOne) {
    EngineWorld world;
    const json::Array after{json::Object{{"containerName", "first"}, {"condition", "HEALTHY"}}};
    world.apply(task_payload({container_payload("second", {{"dependsOn", after}}),
                              container_payload("first", checked())}));
    ASSERT_TRUE(world.until(
        [&] { return health_in(world.engine().health_report()) == "web 7 first UNKNOWN"; }));
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("second"); }), nullptr);
    world.on_loop([&] { world.docker->named("first")->health = "healthy"; });
    EXPECT_TRUE(world.until_reported(test_task, "RUNNING"));
    EXPECT_NE(world.on_loop([&] { return world.docker->named("second"); }), nullptr);
}

TEST(TaskHealth, IsKnownAgainAfterARestartOfTheAgent) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web", checked())}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.docker->named("web")->health = "healthy"; });
    ASSERT_TRUE(world.until(
        [&] { return health_in(world.engine().health_report()) == "web 7 web HEALTHY"; }));
    world.on_loop([&] { world.restart_agent(); });
    EXPECT_EQ(world.on_loop([&] { return health_in(world.engine().health_report()); }), "none")
        << "it says nothing that it has not asked";
    EXPECT_TRUE(world.until(
        [&] { return health_in(world.engine().health_report()) == "web 7 web HEALTHY"; }));
}

} // namespace
} // namespace squall::labhost
