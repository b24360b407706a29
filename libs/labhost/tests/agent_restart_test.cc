// What an agent that was killed finds when it comes back.
#include "agent_world.h"

namespace squall::labhost {
namespace {

TEST(TaskEngineAfterARestart, KeepsARunningContainerAndSeesItEnd) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.state().tasks.at(test_task).reported_status = "RUNNING"; });
    world.on_loop([&] { world.restart_agent(); });
    ASSERT_TRUE(world.until([&] { return world.docker->named("web")->waiting.size() == 2; }))
        << "it is watched again";
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web")->starts; }), 1);
    EXPECT_TRUE(world.on_loop([&] { return world.reports.empty(); })) << "nothing is news";
    world.on_loop([&] { world.docker->end(*world.docker->named("web"), 9); });
    EXPECT_TRUE(world.until_reported(test_task, "STOPPED"));
}

TEST(TaskEngineAfterARestart, ReportsWhatEndedMeanwhile) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] {
        world.state().tasks.at(test_task).reported_status = "RUNNING";
        world.docker->end(*world.docker->named("web"), 137);
        world.restart_agent();
    });
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_EQ(json::integer_at(json::array_at(world.last_report(), "containers").at(0), "exitCode"),
              137);
}

TEST(TaskEngineAfterARestart, ReportsAContainerThatIsGone) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.docker->containers.clear(); });
    world.on_loop([&] { world.restart_agent(); });
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    EXPECT_TRUE(json::string_at(json::array_at(world.last_report(), "containers").at(0), "reason")
                    .starts_with("DockerStateError"));
}

TEST(TaskEngineAfterARestart, TellsAgainWhatTheControlPlaneNeverHeard) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] { world.restart_agent(); });
    EXPECT_TRUE(world.until_reported(test_task, "RUNNING"));
}

TEST(TaskEngineAfterARestart, SettlesATaskWhoseContainerHadJustStarted) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    world.on_loop([&] {
        TaskState& task = world.state().tasks.at(test_task);
        task.known_status = "PENDING";
        task.containers.front().status = "CREATED";
    });
    world.on_loop([&] { world.restart_agent(); });
    EXPECT_TRUE(world.until_reported(test_task, "RUNNING"));
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web")->starts; }), 1);
}

TEST(TaskEngineAfterARestart, GoesOnWithTheContainersThatWereNotMadeYet) {
    EngineWorld world;
    world.docker->holds_creates = true;
    world.apply(task_payload({container_payload("web"), container_payload("main")}));
    ASSERT_TRUE(world.until([&] { return world.docker->held.size() == 1; }));
    world.on_loop([&] { world.docker->held.front()(); });
    ASSERT_TRUE(world.until([&] { return world.docker->held.size() == 2; }))
        << "the second is being made";
    world.on_loop([&] { world.docker->holds_creates = false; });
    world.on_loop([&] { world.restart_agent(); });
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("web")->starts; }), 1);
    EXPECT_EQ(world.on_loop([&] { return world.docker->named("main")->starts; }), 1);
}

} // namespace
} // namespace squall::labhost
