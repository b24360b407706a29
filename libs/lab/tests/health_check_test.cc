// Container health checks, from the task definition to the service that replaces a task.
#include "service_world.h"

namespace squall::lab {
namespace {

json::Object checked_definition(json::Object check, const std::string& family = "checked") {
    json::Object definition = web_task_definition();
    definition["family"] = family;
    if (!check.contains("command")) check["command"] = json::Array{"CMD", "true"};
    definition["containerDefinitions"].as_array().at(0).as_object()["healthCheck"] = check;
    return definition;
}

std::string refused(const json::Object& check) {
    LabWorld world;
    const auto answered =
        world.try_call("ecs", "RegisterTaskDefinition", checked_definition(check));
    return answered ? "accepted" : answered.error().code + ": " + answered.error().message;
}

json::Object described(LabWorld& world, const std::string& task_arn) {
    const auto answered = world.call(
        "DescribeTasks", {{"cluster", "demo"}, {"tasks", json::Array{json::Value(task_arn)}}});
    return json::array_at(answered, "tasks").at(0).as_object();
}

TEST(HealthChecks, OfADefinitionAreShownWithAwssDefaults) {
    LabWorld world;
    const auto answered =
        world.call("RegisterTaskDefinition", checked_definition({{"retries", 2}}));
    const auto& container =
        json::array_at(json::at(answered, "taskDefinition"), "containerDefinitions").at(0);
    EXPECT_EQ(json::object_at(container, "healthCheck"),
              (json::Object{{"command", json::Array{"CMD", "true"}},
                            {"retries", 2},
                            {"interval", 30},
                            {"timeout", 5}}));
    const auto plain = world.call("RegisterTaskDefinition", web_task_definition());
    EXPECT_FALSE(json::array_at(json::at(plain, "taskDefinition"), "containerDefinitions")
                     .at(0)
                     .as_object()
                     .contains("healthCheck"));
}

TEST(HealthChecks, KeepToAwssLimits) {
    for (const auto& [name, least, most] : {std::tuple("interval", 5, 300),
                                            std::tuple("timeout", 2, 60),
                                            std::tuple("retries", 1, 10),
                                            std::tuple("startPeriod", 0, 300)}) {
        EXPECT_EQ(refused({{name, least}}), "accepted") << name;
        EXPECT_EQ(refused({{name, most}}), "accepted") << name;
        const auto words = fmt::format("ClientException: Invalid setting for container 'web'. "
                                       "'healthCheck.{}' must be between {} and {}.",
                                       name,
                                       least,
                                       most);
        EXPECT_EQ(refused({{name, least - 1}}), words);
        EXPECT_EQ(refused({{name, most + 1}}), words);
    }
    EXPECT_TRUE(refused({{"command", json::Array{}}}).starts_with("ClientException"));
}

TEST(HealthChecks, MakeATaskHealthyOnlyWhereTheyAreOfEssentialContainers) {
    ServiceWorld world(1);
    json::Object definition = checked_definition({});
    auto& containers = definition["containerDefinitions"].as_array();
    json::Object beside = containers.at(0).as_object();
    beside["name"] = "beside";
    beside["essential"] = false;
    beside["portMappings"] = json::Array{};
    containers.at(0).as_object().erase("healthCheck");
    containers.push_back(beside);
    world.call("RegisterTaskDefinition", definition);
    const auto ran = world.call("RunTask", {{"cluster", "demo"}, {"taskDefinition", "checked"}});
    const std::string arn(json::string_at(json::array_at(ran, "tasks").at(0), "taskArn"));
    world.live(Seconds(5));
    world.report_health(arn, "HEALTHY", "beside");
    const auto task = described(world, arn);
    EXPECT_EQ(json::string_at(task, "healthStatus"), "UNKNOWN");
    EXPECT_EQ(json::string_at(json::array_at(task, "containers").at(0), "healthStatus"), "UNKNOWN");
    EXPECT_EQ(json::string_at(json::array_at(task, "containers").at(1), "healthStatus"), "HEALTHY");
}

TEST(HealthChecks, OfADeploymentThatFailOpenTheCircuitBreaker) {
    ServiceWorld world;
    world.create(1,
                 {{"deploymentConfiguration",
                   json::Object{{"deploymentCircuitBreaker",
                                 json::Object{{"enable", true}, {"rollback", true}}}}}});
    world.live(Seconds(15));
    const auto deployments = world.deployments();
    const std::string before(json::string_at(deployments.at(0), "id"));
    world.call("RegisterTaskDefinition", checked_definition({}));
    const auto updated = world.update({{"taskDefinition", "checked"}});
    const std::string failing(json::string_at(json::array_at(updated, "deployments").at(0), "id"));
    for (int round = 0; round < 10; ++round) {
        const auto listed = world.call("ListTasks", {{"cluster", "demo"}, {"startedBy", failing}});
        for (const auto& arn : json::array_at(listed, "taskArns"))
            world.report_health(std::string(json::string_of(arn)), "UNHEALTHY");
        world.live(Seconds(5));
    }
    EXPECT_EQ(world.count_messages("failed container health checks."), 3);
    EXPECT_EQ(world.count_messages(fmt::format("rolling back to deployment {}.", before)), 1);
    world.live(Seconds(20));
    ASSERT_EQ(world.deployments().size(), 1U);
    EXPECT_EQ(json::string_at(world.deployments().at(0), "id"), before);
}

} // namespace
} // namespace squall::lab
