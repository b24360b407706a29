#include "agent/agent_config.h"
#include "agent_world.h"

#include <filesystem>

namespace squall::labhost {
namespace {

json::Object read(const Path& file) {
    return json::parse_object(read_file(file, 1 << 20).value_or("{}")).value();
}

TaskState task_of(const std::string& arn) {
    TaskState task;
    task.arn = arn;
    task.metadata_id = "4711";
    return task;
}

ContainerState container_named(const std::string& name) {
    ContainerState container;
    container.name = name;
    return container;
}

TEST(MetadataFiles, LieWhereTheRealAgentPutsThemForBothFormsOfArns) {
    const MetadataFiles files("/var/lib/ecs/data", "10.0.1.10");
    const auto folder = [&](const std::string& arn) {
        return files.folder_of(task_of(arn), container_named("web")).string();
    };
    EXPECT_EQ(folder("arn:aws:ecs:us-east-1:123456789012:task/demo/0123"),
              "/var/lib/ecs/data/metadata/demo/0123/web");
    EXPECT_EQ(folder("arn:aws:ecs:us-east-1:123456789012:task/0123"),
              "/var/lib/ecs/data/metadata/0123/web");
}

TEST(MetadataFiles, SayReadyOnlyWhenTheContainerRuns) {
    EngineWorld world;
    const Path data = world.folder.path();
    world.on_loop([&] { world.engine().keep_metadata({data, "10.0.1.10"}); });
    world.on_loop([&] { world.docker->holds_creates = true; });
    const Path file = data / "metadata/demo/0123456789/web/ecs-container-metadata.json";
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until([&] { return !world.docker->held.empty(); }));
    const json::Object early = read(file);
    EXPECT_EQ(json::string_at(early, "TaskARN"), test_task);
    EXPECT_EQ(json::string_at(early, "ContainerName"), "web");
    EXPECT_FALSE(early.contains("MetadataFileStatus"));
    world.on_loop([&] {
        for (auto& create : world.docker->held)
            create();
    });
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    const json::Object ready = read(file);
    EXPECT_EQ(json::string_at(ready, "MetadataFileStatus"), "READY");
    EXPECT_EQ(json::string_at(ready, "ContainerID"),
              world.on_loop([&] { return world.docker->containers.begin()->first; }));
    EXPECT_TRUE(json::string_at(ready, "DockerContainerName").starts_with("/ecs-web-7-web-"));
    EXPECT_EQ(json::string_at(ready, "HostPrivateIPv4Address"), "10.0.1.10");
    const auto& mapping = json::array_at(ready, "PortMappings").at(0);
    EXPECT_EQ(json::integer_at(mapping, "ContainerPort"), 8080);
    EXPECT_EQ(json::integer_at(mapping, "HostPort"), 32768);
    EXPECT_NE(read_file(file, 1 << 20)->find("\n\t\"MetadataFileStatus\": \"READY\""),
              std::string::npos)
        << "scripts read it line by line";
}

TEST(MetadataFiles, AreShownToTheContainerAndGoWithTheTask) {
    EngineWorld world;
    const Path data = world.folder.path();
    world.on_loop([&] { world.engine().keep_metadata({data, "10.0.1.10"}); });
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    const auto body = world.on_loop([&] { return world.docker->named("web")->body; });
    const auto binds = json::array_at(json::at(body, "HostConfig"), "Binds");
    ASSERT_EQ(binds.size(), 1U);
    const auto [source, target] = split_once(json::string_of(binds.at(0)), ':');
    EXPECT_EQ(source, (data / "metadata/demo/0123456789/web").string());
    const std::string variable =
        "ECS_CONTAINER_METADATA_FILE=" + std::string(target) + "/ecs-container-metadata.json";
    const auto& environment = json::array_at(body, "Env");
    EXPECT_TRUE(std::any_of(environment.begin(), environment.end(), [&](const json::Value& one) {
        return json::string_of(one) == variable;
    }));
    world.apply(task_payload({container_payload("web")}, "STOPPED"));
    ASSERT_TRUE(world.until_reported(test_task, "STOPPED"));
    world.on_loop([&] {
        world.state().tasks.at(test_task).reported_status = "STOPPED";
        world.engine().clean_up(Wall::now() + TaskEngine::cleanup_wait + Seconds(60));
    });
    EXPECT_FALSE(std::filesystem::exists(data / "metadata/demo/0123456789"));
}

TEST(MetadataFiles, AreNotWrittenUnlessTheAgentIsToldTo) {
    EngineWorld world;
    world.apply(task_payload({container_payload("web")}));
    ASSERT_TRUE(world.until_reported(test_task, "RUNNING"));
    EXPECT_FALSE(std::filesystem::exists(world.folder.path() / "metadata"));
    EXPECT_FALSE(agent_config({}).has_metadata_files);
    EXPECT_TRUE(agent_config({{"ECS_ENABLE_CONTAINER_METADATA", "true"}}).has_metadata_files);
}

} // namespace
} // namespace squall::labhost
