#include "fake_host.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

using State = doctor::Look::State;
using Causes = std::vector<std::string>;

wire::HttpResponse container(const std::string& state) {
    return {200, {}, fmt::format(R"({{"State":{}}})", state)};
}

TEST(Docker, WhoseSocketIsNotThereIsDown) {
    FakeHost host;
    host.stop_docker();
    host.remove("/var/run/docker.sock");
    const auto look = host.look("docker");
    ASSERT_EQ(causes(look), Causes{"DOCKER_DOWN"});
    EXPECT_EQ(look.signs.front().evidence.front().text, "No such file or directory");
    EXPECT_EQ(host.look("agent-container").state, State::could_not_look);
}

TEST(Docker, AtWhoseSocketNobodyListensIsDown) {
    FakeHost host;
    host.stop_docker();
    const auto look = host.look("docker");
    ASSERT_EQ(causes(look), Causes{"DOCKER_DOWN"});
    EXPECT_EQ(look.signs.front().evidence.front().text, "Connection refused");
}

TEST(Docker, ThatAcceptsAndDoesNotAnswerIsUnresponsive) {
    FakeHost host;
    host.silence_docker();
    const auto look = host.look("docker", Seconds(4));
    ASSERT_EQ(causes(look), Causes{"DOCKER_UNRESPONSIVE"});
    EXPECT_EQ(look.signs.front().evidence.front().text.rfind("no answer within", 0), 0U);
}

TEST(Docker, ThatDroppedTheApiOfAnOldAgentIsIncompatible) {
    FakeHost host;
    EXPECT_EQ(host.look("docker").state, State::healthy);
    host.docker["/version"].body = R"({"Version":"1.4","ApiVersion":"1.16","MinAPIVersion":""})";
    EXPECT_EQ(causes(host.look("docker")), Causes{"DOCKER_API_INCOMPAT"});
}

TEST(Docker, OfDockerHostIsTheOneThatIsAsked) {
    FakeHost host;
    host.file("/etc/ecs/ecs.config", "DOCKER_HOST=unix:///run/other.sock\n");
    const auto look = host.look("docker");
    ASSERT_EQ(causes(look), Causes{"DOCKER_DOWN"});
    EXPECT_NE(look.summary.find("/run/other.sock is not there"), std::string::npos);
}

TEST(AgentContainer, ThatEndedSaysWhatItsExitCodeMeans) {
    FakeHost host;
    auto& answer = host.docker["/containers/ecs-agent/json"];
    const auto cause_of = [&](const std::string& state) {
        answer = container(state);
        return causes(host.look("agent-container"));
    };
    const std::string ended =
        R"({{"Status":"exited","Running":false,"ExitCode":{},"OOMKilled":{}}})";
    EXPECT_EQ(cause_of(fmt::format(fmt::runtime(ended), 0, false)), Causes{"AGENT_STOPPED"});
    EXPECT_EQ(cause_of(fmt::format(fmt::runtime(ended), 5, false)), Causes{"AGENT_TERMINAL"});
    EXPECT_EQ(cause_of(fmt::format(fmt::runtime(ended), 137, true)), Causes{"OOM"});
    EXPECT_EQ(host.look("agent-container").signs.front().certainty, doctor::Certainty::certain);
    EXPECT_EQ(cause_of(fmt::format(fmt::runtime(ended), 1, false)), Causes{"AGENT_CRASHLOOP"});
    EXPECT_EQ(cause_of(R"({"Status":"paused","Running":true})"), Causes{"AGENT_HUNG"});
    EXPECT_EQ(cause_of(R"({"Status":"running","Running":true,"Health":{"Status":"unhealthy"}})"),
              Causes{"AGENT_HUNG"});
    EXPECT_EQ(cause_of(R"({"Status":"running","Running":true})"), Causes{});
}

TEST(AgentContainer, ThatIsNotThereIsNoFinding) {
    FakeHost host;
    EXPECT_EQ(host.look("agent-container").state, State::not_here);
}

} // namespace
} // namespace squall::host
