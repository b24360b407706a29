#include "agent/agent_state.h"

#include "agent_world.h"
#include "squall/base/temporary_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace squall::labhost {
namespace {

AgentState example() {
    AgentState state;
    state.cluster = "demo";
    state.instance_arn = "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/1";
    state.ec2_instance_id = "i-0123456789abcdef0";
    state.availability_zone = "us-east-1a";
    TaskState& task = state.tasks[test_task];
    task.arn = test_task;
    task.family = "web";
    task.version = "7";
    task.network_mode = "bridge";
    task.service_name = "web-svc";
    task.known_status = "RUNNING";
    task.reported_status = "RUNNING";
    task.metadata_id = "meta-1";
    task.credentials = {{"credentialsId", "cred-1"}, {"roleArn", "arn:role"}};
    task.pull_started_at = 1795226400.25;
    ContainerState container;
    container.definition = container_payload("web");
    container.name = "web";
    container.docker_name = "ecs-web-7-web-abc";
    container.id = "f673";
    container.status = "STOPPED";
    container.exit_code = 0;
    container.reason = "because";
    container.bindings = {json::Object{{"hostPort", 32768}}};
    container.essential = false;
    task.containers.push_back(container);
    return state;
}

TEST(AgentState, ComesBackFromDiskAsItWas) {
    const TemporaryFolder folder;
    const Path file = folder.path() / "agent.db";
    const AgentState state = example();
    ASSERT_TRUE(state.save(file));
    const auto loaded = AgentState::load(file);
    ASSERT_TRUE(loaded && *loaded);
    EXPECT_EQ((*loaded)->cluster, state.cluster);
    EXPECT_EQ((*loaded)->instance_arn, state.instance_arn);
    EXPECT_EQ((*loaded)->ec2_instance_id, state.ec2_instance_id);
    EXPECT_EQ((*loaded)->availability_zone, state.availability_zone);
    ASSERT_EQ((*loaded)->tasks.size(), 1U);
    const TaskState& task = (*loaded)->tasks.at(test_task);
    const TaskState& was = state.tasks.at(test_task);
    EXPECT_EQ(task.known_status, "RUNNING");
    EXPECT_EQ(task.reported_status, "RUNNING");
    EXPECT_EQ(task.metadata_id, was.metadata_id);
    EXPECT_EQ(task.credentials, was.credentials);
    EXPECT_EQ(task.pull_started_at, was.pull_started_at);
    ASSERT_EQ(task.containers.size(), 1U);
    const ContainerState& container = task.containers.front();
    EXPECT_EQ(container.definition, was.containers.front().definition);
    EXPECT_EQ(container.exit_code, 0) << "zero is not the same as none";
    EXPECT_EQ(container.bindings, was.containers.front().bindings);
    EXPECT_FALSE(container.essential);
    // Saved again it is the same text: nothing was forgotten.
    ASSERT_TRUE((*loaded)->save(folder.path() / "again.json"));
    EXPECT_EQ(read_file(file, 1U << 20U).value(),
              read_file(folder.path() / "again.json", 1U << 20U).value());
}

TEST(AgentState, IsForItsOwnerOnlyBecauseItHoldsCredentials) {
    const TemporaryFolder folder;
    ASSERT_TRUE(example().save(folder.path() / "agent.db"));

    struct stat info {};

    ASSERT_EQ(::stat((folder.path() / "agent.db").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(AgentState, IsNothingBeforeTheFirstStartAndAnErrorWhenItIsDamaged) {
    const TemporaryFolder folder;
    const auto missing = AgentState::load(folder.path() / "agent.db");
    ASSERT_TRUE(missing);
    EXPECT_FALSE(missing->has_value());
    ASSERT_TRUE(write_file(folder.path() / "agent.db", "{\"cluster-name\":\"demo\",\"tas"));
    const auto damaged = AgentState::load(folder.path() / "agent.db");
    ASSERT_FALSE(damaged);
    EXPECT_NE(damaged.error().message.find("agent.db"), std::string::npos);
}

bool is_locked(const Path& file) {
    const Fd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    return ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0;
}

TEST(StateLock, IsOnTheFileOfThatNameWhateverReplacedIt) {
    const TemporaryFolder folder;
    const Path file = folder.path() / "agent.db";
    std::optional<StateLock> lock(StateLock::take(file).value());
    EXPECT_TRUE(is_locked(file));
    EXPECT_FALSE(AgentState::load(file).value()) << "an empty file is a beginning";
    ASSERT_TRUE(example().save(file));
    EXPECT_FALSE(is_locked(file));
    lock->follow();
    EXPECT_TRUE(is_locked(file));
    lock.reset();
    EXPECT_FALSE(is_locked(file));
}

TEST(StateLock, SaysWhyThereCanBeNone) {
    const auto lock = StateLock::take("/nonexistent/agent.db");
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().message, "open /nonexistent/agent.db: No such file or directory");
}

} // namespace
} // namespace squall::labhost
