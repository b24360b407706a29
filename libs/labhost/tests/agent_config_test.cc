#include "agent/agent_config.h"

#include "agent_world.h"
#include "settings.h"
#include "squall/base/temporary_folder.h"

#include <cstdlib>
#include <fstream>

namespace squall::labhost {
namespace {

TEST(AgentConfig, HasTheRealAgentsDefaults) {
    const AgentConfig config = agent_config({});
    EXPECT_EQ(config.cluster, "default");
    EXPECT_EQ(config.docker_socket, "/var/run/docker.sock");
    EXPECT_EQ(config.metadata_url, "http://169.254.169.254");
    EXPECT_EQ(config.log_file, "/var/log/ecs/ecs-agent.log");
    EXPECT_TRUE(config.backend_url.empty());
}

TEST(AgentConfig, TakesWhatTheFileSays) {
    const auto settings = parse_settings("# a comment\n"
                                         "ECS_CLUSTER=demo\n"
                                         "\n"
                                         "  ECS_BACKEND_HOST = \"http://10.0.0.1:4747\"  \n"
                                         "DOCKER_HOST='unix:///run/other.sock'\n"
                                         "ECS_RESERVED_MEMORY=256\n"
                                         "ECS_INSTANCE_ATTRIBUTES={\"a\":\"b=c\"}\n");
    EXPECT_EQ(settings.size(), 5U);
    EXPECT_EQ(settings.at("ECS_INSTANCE_ATTRIBUTES"), "{\"a\":\"b=c\"}") << "a value may hold an =";
    const AgentConfig config = agent_config(settings);
    EXPECT_EQ(config.cluster, "demo");
    EXPECT_EQ(config.backend_url, "http://10.0.0.1:4747");
    EXPECT_EQ(config.docker_socket, "/run/other.sock");
    EXPECT_EQ(config.reserved_memory_mib, 256);
}

TEST(AgentConfig, TakesAProxyForEverythingButTheHostItself) {
    const AgentConfig config = agent_config({{"HTTP_PROXY", "10.0.0.9:3128"},
                                             {"http_proxy", "10.0.0.8:3128"},
                                             {"NO_PROXY", "169.254.169.254"},
                                             {"SSL_CERT_FILE", "/etc/own.pem"}});
    const auto proxy_for = [&](const char* url) {
        return config.proxy.proxy_for(wire::parse_url(url).value()).value_or("none");
    };
    EXPECT_EQ(proxy_for("https://ecs.us-east-1.amazonaws.com/"), "http://10.0.0.9:3128");
    EXPECT_EQ(proxy_for("http://10.0.0.1/"), "http://10.0.0.9:3128");
    EXPECT_EQ(proxy_for("http://169.254.169.254/latest/"), "none");
    EXPECT_EQ(proxy_for("http://127.0.0.1:8099/"), "none");
    EXPECT_EQ(config.ca_file, Path("/etc/own.pem"));
}

TEST(AgentConfig, RotatesTheLogAsItIsTold) {
    EXPECT_EQ(agent_config({}).log_rotation.kind, LogRotation::Kind::by_size);
    EXPECT_EQ(agent_config({}).log_rotation.size_max, 5U << 20U);
    const auto told = agent_config({{"ECS_LOG_ROLLOVER_TYPE", "hourly"},
                                    {"ECS_LOG_MAX_FILE_SIZE_MB", "100"},
                                    {"ECS_LOG_MAX_ROLL_COUNT", "-3"}})
                          .log_rotation;
    EXPECT_EQ(told.kind, LogRotation::Kind::hourly);
    EXPECT_EQ(told.size_max, 100U << 20U);
    EXPECT_EQ(told.kept_max, 24U);
}

TEST(AgentConfig, KeepsTheDefaultWhereAValueIsEmptyOrNoNumber) {
    const AgentConfig config = agent_config({{"ECS_CLUSTER", ""},
                                             {"ECS_RESERVED_MEMORY", "much"},
                                             {"DOCKER_HOST", "tcp://127.0.0.1:1"}});
    EXPECT_EQ(config.cluster, "default");
    EXPECT_EQ(config.reserved_memory_mib, 0);
    EXPECT_EQ(config.docker_socket, "/var/run/docker.sock") << "only unix sockets are dialled";
}

TEST(AgentConfig, LetsTheEnvironmentWin) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() / "ecs.config") << "ECS_CLUSTER=file\nECS_LOGFILE=/from/file\n";
    ASSERT_EQ(::setenv("ECS_CLUSTER", "environment", 1), 0);
    const AgentConfig config = read_agent_config(folder.path() / "ecs.config");
    ASSERT_EQ(::unsetenv("ECS_CLUSTER"), 0);
    EXPECT_EQ(config.cluster, "environment");
    EXPECT_EQ(config.log_file, "/from/file");
    EXPECT_EQ(read_agent_config(folder.path() / "missing").cluster, "default");
}

} // namespace
} // namespace squall::labhost
