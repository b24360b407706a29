#include "service_world.h"

namespace squall::lab {
namespace {

std::string definition_of(const json::Value& deployment) {
    const std::string_view arn = json::string_at(deployment, "taskDefinition");
    return std::string(arn.substr(arn.rfind('/') + 1));
}

const json::Object with_breaker{
    {"deploymentConfiguration",
     json::Object{
         {"deploymentCircuitBreaker", json::Object{{"enable", true}, {"rollback", true}}}}}};

// For two minutes.
void end_tasks_before_they_run(ServiceWorld& world, const std::string& deployment) {
    for (int second = 0; second < 120; ++second) {
        const auto answered =
            world.call("ListTasks", {{"cluster", "demo"}, {"startedBy", deployment}});
        for (const auto& arn : json::array_at(answered, "taskArns"))
            world.hosts.at(0)->report(std::string(json::string_of(arn)),
                                      "STOPPED",
                                      {{"reason", "CannotPullContainerError: no such image"}});
        world.live(Seconds(1));
    }
}

TEST(Deployments, ReplaceTheTasksOfAServiceAndAreCompleted) {
    ServiceWorld world;
    world.create(2);
    world.live(Seconds(10));
    const auto updated = world.update({{"taskDefinition", "web:2"}});
    const auto& deployments = json::array_at(updated, "deployments");
    ASSERT_EQ(deployments.size(), 2U);
    EXPECT_EQ(json::string_at(deployments.at(0), "status"), "PRIMARY");
    EXPECT_EQ(json::string_at(deployments.at(0), "rolloutState"), "IN_PROGRESS");
    EXPECT_EQ(definition_of(deployments.at(0)), "web:2");
    EXPECT_EQ(json::string_at(deployments.at(1), "status"), "ACTIVE");
    EXPECT_EQ(json::string_at(deployments.at(1), "rolloutState"), "COMPLETED");
    EXPECT_EQ(json::integer_at(deployments.at(1), "runningCount"), 2);

    world.live(Seconds(20));
    const auto after = world.deployments();
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(definition_of(after.at(0)), "web:2");
    const std::string id(json::string_at(after.at(0), "id"));
    EXPECT_EQ(json::string_at(after.at(0), "rolloutStateReason"),
              fmt::format("ECS deployment {} completed.", id));
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 2);
    const auto messages = world.messages();
    ASSERT_GE(messages.size(), 2U);
    EXPECT_EQ(messages.back(), "(service web) has reached a steady state.");
    EXPECT_EQ(messages.at(messages.size() - 2),
              fmt::format("(service web) (deployment {}) deployment completed.", id));
    EXPECT_EQ(world.count_messages("has started 2 tasks: (task "), 2);
    EXPECT_EQ(world.count_messages("has stopped 2 running tasks: (task "), 1);
    EXPECT_EQ(world.recorded("ECS Deployment State Change"),
              (std::vector<std::string>{"SERVICE_DEPLOYMENT_IN_PROGRESS",
                                        "SERVICE_DEPLOYMENT_COMPLETED",
                                        "SERVICE_DEPLOYMENT_IN_PROGRESS",
                                        "SERVICE_DEPLOYMENT_COMPLETED"}));
}

TEST(Deployments, AreBegunByANewDefinitionOrByForceAndByNothingElse) {
    ServiceWorld world;
    world.create(1);
    world.live(Seconds(10));
    const auto id = [&] {
        return std::string(json::string_at(world.deployments().at(0), "id"));
    };
    const auto first = id();
    world.update({{"taskDefinition", "web:1"}, {"desiredCount", 2}});
    EXPECT_EQ(id(), first);
    world.update({{"deploymentConfiguration", json::Object{{"minimumHealthyPercent", 50}}}});
    EXPECT_EQ(id(), first);
    EXPECT_EQ(json::integer_at(json::at(world.service(), "deploymentConfiguration"),
                               "minimumHealthyPercent"),
              50);
    world.update({{"forceNewDeployment", true}});
    EXPECT_NE(id(), first);
}

TEST(Deployments, StallWhileAgentsAreAwayAndCompleteByThemselvesAfterwards) {
    ServiceWorld world;
    world.create(2);
    world.live(Seconds(10));
    const auto before = world.task_arns();
    world.stop_agent(0);
    world.stop_agent(1);
    world.update({{"taskDefinition", "web:2"}});
    world.live(std::chrono::minutes(30));
    EXPECT_EQ(world.deployments().size(), 2U);
    EXPECT_EQ(json::string_at(world.deployments().at(0), "rolloutState"), "IN_PROGRESS");
    EXPECT_EQ(world.task_arns(), before) << "the service keeps its tasks";
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 2);
    EXPECT_EQ(world.count_messages("encountered error \"AGENT\"."), 1);
    EXPECT_EQ(world.recorded("ECS Service Action").back(), "SERVICE_TASK_PLACEMENT_FAILURE");
    world.start_agent(0);
    world.start_agent(1);
    world.live(Seconds(20));
    EXPECT_EQ(world.deployments().size(), 1U);
    EXPECT_EQ(json::string_at(world.deployments().at(0), "rolloutState"), "COMPLETED");
    EXPECT_EQ(definition_of(world.deployments().at(0)), "web:2");
    EXPECT_EQ(world.messages().back(), "(service web) has reached a steady state.");
}

TEST(Deployments, WaitForOldTasksWhoseAgentDoesNotHearThatTheyShallStop) {
    ServiceWorld world;
    world.create(2);
    world.live(Seconds(10));
    world.stop_agent(0);
    world.update({{"taskDefinition", "web:2"}});
    world.live(Seconds(60));
    ASSERT_EQ(world.deployments().size(), 2U);
    EXPECT_EQ(json::integer_at(world.deployments().at(0), "runningCount"), 2);
    EXPECT_EQ(json::integer_at(world.deployments().at(1), "runningCount"), 1);
    EXPECT_EQ(json::string_at(world.deployments().at(0), "rolloutState"), "IN_PROGRESS");
    world.start_agent(0);
    world.live(Seconds(10));
    ASSERT_EQ(world.deployments().size(), 1U);
    EXPECT_EQ(json::string_at(world.deployments().at(0), "rolloutState"), "COMPLETED");
}

TEST(Deployments, BegunBeforeTheAgentsWentGoAsFarAsTheyCanAndSayWhatIsMissing) {
    ServiceWorld world;
    world.create(4, {{"deploymentConfiguration", json::Object{{"maximumPercent", 150}}}});
    world.live(Seconds(10));
    world.update({{"taskDefinition", "web:2"}});
    world.live(Seconds(2));
    EXPECT_EQ(world.count_messages("AGENT"), 0);
    world.stop_agent(0);
    world.stop_agent(1);
    world.live(std::chrono::minutes(10));
    EXPECT_EQ(world.count_messages("encountered error \"AGENT\"."), 1);
    ASSERT_EQ(world.deployments().size(), 2U);
    EXPECT_EQ(json::integer_at(world.deployments().at(0), "runningCount"), 2);
    EXPECT_EQ(json::integer_at(world.deployments().at(1), "runningCount"), 4)
        << "two of them do not hear that they shall stop";
    world.start_agent(0);
    world.start_agent(1);
    world.live(Seconds(30));
    ASSERT_EQ(world.deployments().size(), 1U);
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 4);
}

TEST(Deployments, FailWhenTheirTasksDoNotStartAndAreRolledBack) {
    ServiceWorld world;
    world.create(2, with_breaker);
    world.live(Seconds(10));
    const std::string good(json::string_at(world.deployments().at(0), "id"));
    world.update({{"taskDefinition", "web:2"}});
    const std::string bad(json::string_at(world.deployments().at(0), "id"));
    end_tasks_before_they_run(world, bad);
    ASSERT_EQ(world.deployments().size(), 1U);
    EXPECT_EQ(json::string_at(world.deployments().at(0), "id"), good);
    EXPECT_EQ(definition_of(world.deployments().at(0)), "web:1");
    EXPECT_EQ(json::string_at(world.deployments().at(0), "rolloutState"), "COMPLETED");
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 2);
    EXPECT_EQ(world.count_messages(
                  fmt::format("(deployment {}) deployment failed: tasks failed to start.", bad)),
              1);
    EXPECT_EQ(world.count_messages(fmt::format("rolling back to deployment {}.", good)), 1);
    const auto names = world.recorded("ECS Deployment State Change");
    EXPECT_EQ(std::vector<std::string>(names.end() - 3, names.end()),
              (std::vector<std::string>{"SERVICE_DEPLOYMENT_FAILED",
                                        "SERVICE_DEPLOYMENT_IN_PROGRESS",
                                        "SERVICE_DEPLOYMENT_COMPLETED"}));
}

TEST(Deployments, ThatHaveFailedWithoutRollbackStartNothingAndStopNobody) {
    ServiceWorld world;
    world.create(2);
    world.live(Seconds(10));
    world.update({{"taskDefinition", "web:2"},
                  {"deploymentConfiguration",
                   json::Object{{"deploymentCircuitBreaker",
                                 json::Object{{"enable", true}, {"rollback", false}}}}}});
    end_tasks_before_they_run(world, std::string(json::string_at(world.deployments().at(0), "id")));
    ASSERT_EQ(world.deployments().size(), 2U);
    EXPECT_EQ(json::string_at(world.deployments().at(0), "rolloutState"), "FAILED");
    EXPECT_EQ(json::string_at(world.deployments().at(0), "rolloutStateReason"),
              "ECS deployment circuit breaker: tasks failed to start.");
    EXPECT_GE(json::integer_at(world.deployments().at(0), "failedTasks"), 3);
    EXPECT_EQ(json::integer_at(world.deployments().at(1), "runningCount"), 2);
    world.update({{"deploymentConfiguration", json::Object{{"minimumHealthyPercent", 0}}}});
    world.live(Seconds(10));
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 2) << "nothing replaces them";
}

TEST(Deployments, MayBeReplacedBeforeTheyAreCompleted) {
    ServiceWorld world;
    world.create(2);
    world.live(Seconds(10));
    for (int i = 0; i < 5; ++i) {
        world.update({{"forceNewDeployment", true}});
        world.live(Seconds(2));
    }
    world.live(Seconds(60));
    EXPECT_EQ(world.deployments().size(), 1U);
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 2);
    EXPECT_EQ(world.task_arns().size(), 2U);
}

TEST(Deployments, SayWhenTheirConfigurationStandsInTheirWay) {
    ServiceWorld world;
    world.create(3,
                 {{"deploymentConfiguration",
                   json::Object{{"minimumHealthyPercent", 100}, {"maximumPercent", 125}}}});
    world.live(Seconds(10));
    world.update({{"forceNewDeployment", true}});
    world.live(Seconds(30));
    EXPECT_EQ(world.count_messages("was unable to stop or start tasks during a deployment"), 1);
    EXPECT_EQ(world.deployments().size(), 2U);
    world.update({{"deploymentConfiguration", json::Object{{"maximumPercent", 134}}}});
    world.live(Seconds(60));
    EXPECT_EQ(world.deployments().size(), 1U);
}

TEST(Deployments, HaveConfigurationsThatAwsAccepts) {
    ServiceWorld world;
    world.create(1);
    const auto refused = [&](json::Object configuration) {
        const auto answered = world.try_call(
            "ecs",
            "UpdateService",
            {{"cluster", "demo"}, {"service", "web"}, {"deploymentConfiguration", configuration}});
        return answered ? std::string("accepted") : answered.error().message;
    };
    EXPECT_EQ(refused({{"minimumHealthyPercent", 100}, {"maximumPercent", 100}}),
              "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block "
              "deployments.");
    EXPECT_NE(refused({{"maximumPercent", 99}}), "accepted");
    EXPECT_NE(refused({{"maximumPercent", 201}}), "accepted");
    EXPECT_NE(refused({{"minimumHealthyPercent", -1}}), "accepted");
    EXPECT_EQ(refused({{"minimumHealthyPercent", 0}, {"maximumPercent", 100}}), "accepted");
}

TEST(Services, AreCreatedOnceByTheSameCall) {
    ServiceWorld world;
    world.create(1);
    world.create(1);
    EXPECT_EQ(world
                  .try_call("ecs",
                            "CreateService",
                            {{"cluster", "demo"},
                             {"serviceName", "web"},
                             {"taskDefinition", "web:1"},
                             {"desiredCount", 2}})
                  .error()
                  .message,
              "Creation of service was not idempotent.");
}

TEST(Services, ThatAreInactiveAreDescribedAndMayBeCreatedAnew) {
    ServiceWorld world;
    world.create(1);
    world.live(Seconds(10));
    world.call("DeleteService", {{"cluster", "demo"}, {"service", "web"}, {"force", true}});
    EXPECT_EQ(json::string_at(world.service(), "status"), "DRAINING");
    world.live(Seconds(5));
    EXPECT_EQ(json::string_at(world.service(), "status"), "INACTIVE");
    EXPECT_TRUE(world.deployments().empty());
    world.create(1);
    world.live(Seconds(10));
    EXPECT_EQ(json::string_at(world.service(), "status"), "ACTIVE");
    EXPECT_EQ(json::integer_at(world.service(), "runningCount"), 1);
}

TEST(Services, ReplaceTasksThatFailTheirHealthChecks) {
    ServiceWorld world;
    json::Object definition = web_task_definition();
    definition["family"] = "checked";
    definition["containerDefinitions"].as_array().at(0).as_object()["healthCheck"] =
        json::Object{{"command", json::Array{"CMD", "true"}}};
    world.call("RegisterTaskDefinition", definition);
    world.call("CreateService",
               {{"cluster", "demo"},
                {"serviceName", "web"},
                {"taskDefinition", "checked"},
                {"desiredCount", 1}});
    world.live(Seconds(10));
    EXPECT_EQ(world.count_messages("steady state"), 0) << "nobody knows how it does";
    const std::string first = world.task_arns().at(0);
    world.report_health(first, "HEALTHY");
    world.live(Seconds(2));
    EXPECT_EQ(world.count_messages("steady state"), 1);
    world.report_health(first, "UNHEALTHY");
    world.live(Seconds(5));
    ASSERT_EQ(world.task_arns().size(), 1U);
    EXPECT_NE(world.task_arns().at(0), first);
    const std::string id = first.substr(first.rfind('/') + 1);
    EXPECT_EQ(world.count_messages(fmt::format("(task {}) failed container health checks.", id)),
              1);
    EXPECT_EQ(world.count_messages("Amazon ECS replaced 1 tasks due to an unhealthy status."), 1);
    const auto described = world.call(
        "DescribeTasks", {{"cluster", "demo"}, {"tasks", json::Array{json::Value(first)}}});
    EXPECT_EQ(json::string_at(json::array_at(described, "tasks").at(0), "stoppedReason"),
              "Task failed container health checks");
}

} // namespace
} // namespace squall::lab
