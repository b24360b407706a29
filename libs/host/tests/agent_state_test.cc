#include "checks/bolt.h"
#include "fake_host.h"

#include <gtest/gtest.h>

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstring>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;
using Values = std::map<std::string, std::string>;

constexpr std::size_t page_size = 4096;

template <class Number>
void put(std::string& bytes, std::size_t at, Number number) {
    std::memcpy(bytes.data() + at, &number, sizeof number);
}

std::uint64_t checksum(std::string_view bytes) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char one : bytes)
        hash = (hash ^ static_cast<unsigned char>(one)) * 0x100000001B3U;
    return hash;
}

// A leaf page with these; `flags` 1: they are buckets.
std::string leaf(const Values& values, std::uint32_t flags) {
    std::string page(16 + 16 * values.size(), '\0');
    put<std::uint16_t>(page, 8, 2);
    put<std::uint16_t>(page, 10, static_cast<std::uint16_t>(values.size()));
    std::size_t element = 16;
    for (const auto& [key, value] : values) {
        put<std::uint32_t>(page, element, flags);
        put<std::uint32_t>(page, element + 4, static_cast<std::uint32_t>(page.size() - element));
        put<std::uint32_t>(page, element + 8, static_cast<std::uint32_t>(key.size()));
        put<std::uint32_t>(page, element + 12, static_cast<std::uint32_t>(value.size()));
        page += key + value;
        element += 16;
    }
    return page;
}

// As bbolt writes it: two metas, a free list, and the root with one small bucket in it.
std::string database(const Values& metadata, std::uint64_t transaction = 2) {
    std::string file(4 * page_size, '\0');
    for (std::size_t number = 0; number < 2; ++number) {
        const std::size_t at = number * page_size + 16;
        put<std::uint16_t>(file, number * page_size + 8, 4);
        put<std::uint32_t>(file, at, 0xED0CDAED);
        put<std::uint32_t>(file, at + 4, 2);
        put<std::uint32_t>(file, at + 8, page_size);
        put<std::uint64_t>(file, at + 16, 3);
        put<std::uint64_t>(file, at + 48, transaction - number);
        put<std::uint64_t>(file, at + 56, checksum(std::string_view(file).substr(at, 56)));
    }
    const std::string bucket = std::string(16, '\0') + leaf(metadata, 0);
    const std::string root = leaf({{"metadata", bucket}}, 1);
    file.replace(3 * page_size, root.size(), root);
    return file;
}

const std::string arn = "arn:aws:ecs:eu-west-1:1:container-instance/web/0a";

std::string saved(const std::string& cluster = "web", const std::string& instance = "i-1") {
    return database({{"cluster-name", "\"" + cluster + "\""},
                     {"ec2-instance-id", "\"" + instance + "\""},
                     {"container-instance-arn", "\"" + arn + "\""}});
}

doctor::Look look_at(const std::string& bytes) {
    FakeHost host;
    host.file("/var/lib/ecs/data/agent.db", bytes);
    return host.look("agent-state");
}

TEST(Bolt, GivesTheValuesOfABucket) {
    EXPECT_EQ(read_bucket(database({{"a", "1"}, {"bb", "22"}}), "metadata").value(),
              (Values{{"a", "1"}, {"bb", "22"}}));
    EXPECT_TRUE(read_bucket(database({{"a", "1"}}), "tasks").value().empty());
}

TEST(Bolt, ReadsByTheSecondMetaWhenTheFirstIsBroken) {
    std::string file = database({{"a", "1"}});
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

TEST(AgentState, ThatSomebodyElseHoldsIsLocked) {
    FakeHost host;
    host.file("/var/lib/ecs/data/agent.db", saved());

    struct stat info {};

    ASSERT_EQ(::stat(host.path("/var/lib/ecs/data/agent.db").c_str(), &info), 0);
    host.file("/proc/locks",
              fmt::format("1: POSIX  ADVISORY  WRITE 4 00:28:61 0 EOF\n"
                          "2: FLOCK  ADVISORY  WRITE 77 {:02x}:{:02x}:{} 0 EOF\n",
                          major(info.st_dev),
                          minor(info.st_dev),
                          info.st_ino));
    host.file("/proc/77/comm", "backup\n");
    const auto look = host.look("agent-state");
    ASSERT_EQ(causes(look), Causes{"STATE_LOCKED"});
    EXPECT_NE(look.summary.find("process 77 (backup)"), std::string::npos);
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
