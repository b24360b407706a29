#include "lab_world.h"

namespace squall::lab {
namespace {

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
