#include "checks/agent_config.h"
#include "fake_host.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;

doctor::Look look_at(const std::string& text) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config", text);
    return host.look("config");
}

TEST(AgentConfig, OfEtcCountsOverThatOfVar) {
    FakeHost host;
    host.file("/var/lib/ecs/ecs.config", "ECS_CLUSTER=old\nAWS_DEFAULT_REGION=eu-west-1\n");
    const auto config = read_agent_config(host.ground().root);
    EXPECT_EQ(config.get("ECS_CLUSTER"), "web");
    EXPECT_EQ(config.find("ECS_CLUSTER")->place, "/etc/ecs/ecs.config:1");
    EXPECT_EQ(config.get("AWS_DEFAULT_REGION"), "eu-west-1");
}

TEST(AgentConfig, NamesTheLinesThatCountForNothing) {
    AgentConfig config;
    read_settings("# comment\nECS_CLUSTER = web\nexport A=b\nnonsense\nB=\"c d\"\n", "f", config);
    ASSERT_EQ(config.faults.size(), 3U);
    EXPECT_EQ(config.faults[0].place, "f:2");
    EXPECT_EQ(config.faults[0].setting, "ECS_CLUSTER");
    EXPECT_EQ(config.faults[1].setting, "A");
    EXPECT_EQ(config.faults[2].setting, "");
    EXPECT_EQ(config.faults[2].place, "f:4");
    EXPECT_EQ(config.get("B"), "c d");
}

TEST(AgentConfig, TakesAProxyFromTheDropInsOfItsUnit) {
    FakeHost host;
    const std::string folder = "/etc/systemd/system/ecs.service.d/";
    host.file(folder + "10-a.conf",
              "[Service]\nEnvironment=HTTPS_PROXY=http://a:1 NO_PROXY=x A=b\n");
    host.file(
        folder + "20-b.conf",
        "[Service]\nEnvironment=\"HTTP_PROXY=http://u:%%2F@b:1\" 'https_proxy=http://c c:1'\n");
    auto config = read_agent_config(host.ground().root);
    EXPECT_EQ(config.get("HTTPS_PROXY"), "http://a:1");
    EXPECT_EQ(config.find("HTTPS_PROXY")->place, folder + "10-a.conf:2");
    EXPECT_EQ(config.get("HTTP_PROXY"), "http://u:%2F@b:1") << "a unit's %";
    EXPECT_EQ(config.get("https_proxy"), "http://c c:1");
    EXPECT_EQ(config.get("NO_PROXY"), "x");
    EXPECT_EQ(config.find("A"), nullptr);
    host.file("/etc/ecs/ecs.config", "HTTPS_PROXY=http://d:1\n");
    EXPECT_EQ(read_agent_config(host.ground().root).get("HTTPS_PROXY"), "http://d:1");
}

TEST(Config, NamesAProxyThatNobodyCanReadAndNotItsValue) {
    for (const std::string user :
         {"bob:aa/Secret", "bob:hunter@Secret/x", "bob:a#Secret", "bob:a%zzSecret"}) {
        FakeHost host;
        host.file("/etc/ecs/ecs.config",
                  host.backend_line() + "HTTPS_PROXY=http://" + user + "@10.0.0.20:3128\n");
        const auto look = host.look("config");
        ASSERT_EQ(causes(look), Causes{"NET_PROXY"});
        const auto& found = look.signs.front();
        EXPECT_EQ(found.certainty, doctor::Certainty::certain);
        EXPECT_EQ(found.evidence.front().file, "/etc/ecs/ecs.config:2");
        EXPECT_NE(found.summary.find("HTTPS_PROXY in /etc/ecs/ecs.config"), std::string::npos);
        EXPECT_NE(found.remedy.front().find("%2F"), std::string::npos);
        const auto tried = host.look("endpoint-api");
        EXPECT_EQ(tried.state, State::could_not_look);
        EXPECT_EQ(
            (found.summary + found.evidence.front().text + found.remedy.front() + tried.summary)
                .find("Secret"),
            std::string::npos);
    }
}

TEST(Config, WithoutAClusterSaysWhichOneIsJoined) {
    EXPECT_EQ(look_at("AWS_DEFAULT_REGION=eu-west-1\n").summary,
              "/etc/ecs/ecs.config: ECS_CLUSTER is not set: the agent joins 'default', region "
              "eu-west-1");
}

TEST(Config, WhoseClusterDoesNotCountNamesTheLine) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config", "export ECS_CLUSTER=\"web\"\n");
    EXPECT_EQ(host.look("config").state, State::healthy) << "the agent says that it is in 'web'";
    EXPECT_EQ(host.look("config").names.cluster, "web");
    host.stop_introspection();
    const auto look = host.look("config");
    ASSERT_EQ(causes(look), Causes{"CLUSTER_MISMATCH"});
    EXPECT_EQ(look.signs.front().evidence.front().file, "/etc/ecs/ecs.config:1");
    EXPECT_EQ(look.names.cluster, "default");
    host.file("/etc/ecs/ecs.config", "ECS_CLUSTER = web\n");
    EXPECT_EQ(causes(host.look("config")), Causes{"CLUSTER_MISMATCH"});
    host.file("/etc/ecs/ecs.config", "export A=b\nECS_CLUSTER=web\n");
    EXPECT_EQ(host.look("config").state, State::healthy);
}

TEST(Config, ThatReservesMoreMemoryThanThereIs) {
    const auto look = look_at("ECS_RESERVED_MEMORY=2000\n");
    ASSERT_EQ(causes(look), Causes{"RESERVED_MEMORY"});
    EXPECT_EQ(look.summary, "ECS_RESERVED_MEMORY is 2000 MiB, and this host has 2000 MiB");
    EXPECT_EQ(look_at("ECS_RESERVED_MEMORY=1999\n").state, State::healthy);
}

TEST(Config, WithAttributesThatEcsDoesNotTake) {
    const auto with = [](const std::string& attributes) {
        return causes(look_at("ECS_INSTANCE_ATTRIBUTES=" + attributes + "\n"));
    };
    EXPECT_EQ(with(R"({"stack":"prod","a.b/c-d_e":"x y:z@1"})"), Causes{});
    EXPECT_EQ(with(R"({"stack name":"prod"})"), Causes{"INVALID_ATTRIBUTE"});
    EXPECT_EQ(with(R"({"stack":"prod#1"})"), Causes{"INVALID_ATTRIBUTE"});
    EXPECT_EQ(with(R"({"stack":""})"), Causes{"INVALID_ATTRIBUTE"});
    EXPECT_EQ(with(R"({")" + std::string(129, 'a') + R"(":"x"})"), Causes{"INVALID_ATTRIBUTE"});
    EXPECT_EQ(with(R"({")" + std::string(128, 'a') + R"(":"x"})"), Causes{});
    EXPECT_EQ(with("stack=prod"), Causes{"INVALID_ATTRIBUTE"});
}

TEST(Config, WithTagsThatAreAwsOwn) {
    EXPECT_EQ(causes(look_at(R"(ECS_CONTAINER_INSTANCE_TAGS={"aws:team":"a"})")),
              Causes{"INVALID_TAG"});
    EXPECT_EQ(causes(look_at(R"(ECS_CONTAINER_INSTANCE_TAGS={"team":"a"})")), Causes{});
}

TEST(Config, WithMoreTagsThanAResourceMayHaveIsAParameterThatEcsRefuses) {
    const auto tags = [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i)
            text += fmt::format("{}\"tag-{}\":\"a\"", i == 0 ? "" : ",", i);
        return "ECS_CONTAINER_INSTANCE_TAGS={" + text + "}";
    };
    EXPECT_EQ(causes(look_at(tags(50))), Causes{});
    EXPECT_EQ(causes(look_at(tags(51))), Causes{"INVALID_PARAMETER"});
}

TEST(Config, WithAProxyHasToExceptWhatIsOnThisHost) {
    const std::string proxy = "HTTP_PROXY=http://u:secret@10.0.0.9:3128\n";
    const auto look = look_at(proxy);
    ASSERT_EQ(causes(look), Causes{"NET_PROXY"});
    EXPECT_EQ(look.signs.front().certainty, doctor::Certainty::likely);
    for (const auto& seen : look.signs.front().evidence)
        EXPECT_EQ(seen.text.find("secret"), std::string::npos);
    EXPECT_EQ(look_at(proxy + "NO_PROXY=169.254.169.254,169.254.170.2\n").signs.front().certainty,
              doctor::Certainty::possible);
    EXPECT_EQ(
        look_at(proxy + "NO_PROXY=169.254.169.254,169.254.170.2,/var/run/docker.sock\n").state,
        State::healthy);
}

TEST(Config, OutsideOfEc2NeedsARegion) {
    EXPECT_EQ(causes(look_at("ECS_EXTERNAL=true\n")), Causes{"REGION_MISSING"});
    EXPECT_EQ(causes(look_at("ECS_EXTERNAL=true\nAWS_DEFAULT_REGION=eu-west-1\n")), Causes{});
}

} // namespace
} // namespace squall::host
