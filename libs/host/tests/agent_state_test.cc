#include "bolt_bytes.h"
#include "checks/bolt.h"
#include "checks/checks.h"
#include "checks/facts.h"
#include "fake_host.h"

#include <gtest/gtest.h>

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;
using Values = BoltValues;

constexpr std::size_t page_size = bolt_page_size;

const std::string arn = "arn:aws:ecs:eu-west-1:1:container-instance/web/0a";

std::string saved(const std::string& cluster = "web", const std::string& instance = "i-1") {
    return bolt_database({{"cluster-name", "\"" + cluster + "\""},
                          {"ec2-instance-id", "\"" + instance + "\""},
                          {"container-instance-arn", "\"" + arn + "\""}});
}

doctor::Look look_at(const std::string& bytes) {
    FakeHost host;
    host.file("/var/lib/ecs/data/agent.db", bytes);
    return host.look("agent-state");
}

TEST(Bolt, GivesTheValuesOfABucket) {
    EXPECT_EQ(read_bucket(bolt_database({{"a", "1"}, {"bb", "22"}}), "metadata").value(),
              (Values{{"a", "1"}, {"bb", "22"}}));
    EXPECT_TRUE(read_bucket(bolt_database({{"a", "1"}}), "tasks").value().empty());
}

TEST(Bolt, ReadsByTheSecondMetaWhenTheFirstIsBroken) {
    std::string file = bolt_database({{"a", "1"}});
    file[20] = 'x';
    EXPECT_EQ(read_bucket(file, "metadata").value(), (Values{{"a", "1"}}));
    file[page_size + 60] = 'x';
    EXPECT_EQ(read_bucket(file, "metadata").error().message, "version mismatch");
}

TEST(Bolt, RefusesWhatIsCutOffAnywhere) {
    const std::string file = saved();
    for (std::size_t size = 0; size < 4 * page_size; size += 61)
        static_cast<void>(read_bucket(std::string_view(file).substr(0, size), "metadata"));
    EXPECT_FALSE(read_bucket(std::string_view(file).substr(0, 3 * page_size), "metadata"));
}

// As from afar, where nothing but meta pages is known.
TEST(Bolt, IsJudgedByItsBeginning) {
    const std::string file = bolt_database({{"a", "1"}});
    EXPECT_TRUE(check_beginning(std::string_view(file).substr(0, 2 * page_size), file.size()));
    EXPECT_EQ(check_beginning(file, 3 * page_size).error().message, "page 3 is not there");
    EXPECT_EQ(check_beginning(std::string(512, '\0'), 512).error().message, "invalid database");
}

TEST(Bolt, RefusesPagesThatLeadInCircles) {
    std::string file = saved();
    std::string branch(32, '\0');
    put<std::uint16_t>(branch, 8, 1);
    put<std::uint16_t>(branch, 10, 1);
    put<std::uint64_t>(branch, 16 + 8, 3);
    file.replace(3 * page_size, branch.size(), branch);
    EXPECT_FALSE(read_bucket(file, "metadata"));
}

TEST(AgentState, ThatFitsIsHealthy) {
    const auto look = look_at(saved());
    EXPECT_EQ(look.state, State::healthy);
    EXPECT_EQ(look.summary, "/var/lib/ecs/data/agent.db: registered in cluster web as " + arn);
}

TEST(AgentState, OfAnotherClusterIsAMismatch) {
    const auto look = look_at(saved("blue"));
    ASSERT_EQ(causes(look), Causes{"CLUSTER_MISMATCH"});
    EXPECT_EQ(look.signs.front().evidence.front().file, "/etc/ecs/ecs.config:1");
}

TEST(AgentState, WithoutAConfiguredClusterKeepsToTheSavedOne) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config", "AWS_DEFAULT_REGION=eu-west-1\n");
    host.file("/var/lib/ecs/data/agent.db", saved("blue"));
    EXPECT_EQ(host.look("agent-state").state, State::healthy);
}

TEST(AgentState, OfAnotherInstanceIsStale) {
    EXPECT_EQ(causes(look_at(saved("web", "i-2"))), Causes{"STALE_IDENTITY"});
}

TEST(AgentState, ThatIsJsonIsReadToo) {
    EXPECT_EQ(causes(look_at(R"({"cluster-name":"blue","ec2-instance-id":"i-1"})")),
              Causes{"CLUSTER_MISMATCH"});
    FakeHost host;
    host.file("/var/lib/ecs/data/ecs_agent_data.json",
              R"({"Data":{"Cluster":"blue","EC2InstanceID":"i-1"},"Version":31})");
    EXPECT_EQ(causes(host.look("agent-state")), Causes{"CLUSTER_MISMATCH"});
}

TEST(AgentState, ThatIsNeitherIsCorrupt) {
    EXPECT_EQ(causes(look_at("garbage that no agent has written")), Causes{"STATE_CORRUPT"});
    EXPECT_EQ(causes(look_at(R"({"cluster-name":"web)")), Causes{"STATE_CORRUPT"});
    EXPECT_EQ(look_at("").state, State::healthy);
}

TEST(AgentState, ThatIsAFolderIsCorrupt) {
    FakeHost host;
    host.file("/var/lib/ecs/data/agent.db/x", "");
    const auto look = host.look("agent-state");
    ASSERT_EQ(causes(look), Causes{"STATE_CORRUPT"});
    EXPECT_EQ(look.signs.front().instead_of, 1U);
}

// A state that process 77 has locked, as the kernel lists it.
struct stat make_locked_state(FakeHost& host) {
    host.file("/var/lib/ecs/data/agent.db", saved());

    struct stat info {};

    EXPECT_EQ(::stat(host.path("/var/lib/ecs/data/agent.db").c_str(), &info), 0);
    host.file("/proc/locks",
              fmt::format("1: POSIX  ADVISORY  WRITE 4 00:28:61 0 EOF\n"
                          "2: FLOCK  ADVISORY  WRITE 77 {:02x}:{:02x}:{} 0 EOF\n",
                          major(info.st_dev),
                          minor(info.st_dev),
                          info.st_ino));
    return info;
}

TEST(AgentState, ThatAnAgentHeldWhichEndedSinceIsNotLocked) {
    FakeHost host;
    make_locked_state(host);
    host.remove("/proc/42");
    Facts facts(host.ground());
    facts.read_config();
    const FileThatActs ends(host.path("/proc/77/cmdline"), [&] { host.file("/proc/locks", ""); });
    const auto look = check_agent_state(facts, Deadline::in(Seconds(10)));
    EXPECT_TRUE(ends.has_acted());
    EXPECT_EQ(causes(look), Causes{});
}

TEST(AgentState, ThatSomebodyElseHoldsIsLocked) {
    FakeHost host;
    const struct stat info = make_locked_state(host);
    host.file("/proc/77/comm", "backup\n");
    const auto look = host.look("agent-state");
    ASSERT_EQ(causes(look), Causes{"STATE_LOCKED"});
    EXPECT_NE(look.summary.find("process 77 (backup)"), std::string::npos);
    // It has ended, and its child has the open file.
    host.remove("/proc/77");
    host.file("/proc/80/fdinfo/3", "pos:\t0\nflags:\t0100002\n");
    host.file("/proc/81/fdinfo/9",
              fmt::format("pos:\t0\nlock:\t1: FLOCK  ADVISORY  WRITE 77 {:02x}:{:02x}:{} 0 EOF\n",
                          major(info.st_dev),
                          minor(info.st_dev),
                          info.st_ino));
    host.file("/proc/81/comm", "sleep\n");
    const auto heir = host.look("agent-state");
    EXPECT_NE(heir.summary.find("process 81 (sleep)"), std::string::npos) << heir.summary;
    EXPECT_EQ(heir.signs.front().remedy.front(), "sudo kill 81");
    // As in a container, where /proc/locks leaves it out.
    host.file("/proc/locks", "");
    EXPECT_EQ(causes(host.look("agent-state")), Causes{"STATE_LOCKED"});
}

TEST(AgentState, WithoutAFolderHasNoPlace) {
    FakeHost host;
    host.remove("/var/lib/ecs/data");
    EXPECT_EQ(causes(host.look("agent-state")), Causes{"DATA_DIR"});
    host.remove("/etc/ecs");
    EXPECT_EQ(host.look("agent-state").state, State::not_here);
}

} // namespace
} // namespace squall::host
