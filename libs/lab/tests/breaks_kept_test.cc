// What causes that are true on one host do to each other: nothing.
#include "breaks/catalogue.h"
#include "breaks/units.h"
#include "breaks_world.h"

#include <array>

namespace squall::lab::breaks {
namespace {

constexpr std::array keepers{"AGENT_STOPPED", "AGENT_HUNG", "DOCKER_DOWN", "DOCKER_UNRESPONSIVE"};

// What of a script would end what is kept; empty where nothing would.
std::string_view end_of(Keeps keeps, const std::string& script) {
    const auto has = [&](std::string_view part) {
        return script.find(part) != std::string::npos;
    };
    if (keeps == Keeps::agent_suspended && has("if ! suspended /run/ecs-agent.pid")) return {};
    if (keeps == Keeps::docker_suspended && has("if ! suspended /run/docker.pid")) return {};
    const bool is_agents = keeps == Keeps::agent_stopped || keeps == Keeps::docker_stopped;
    if (is_agents || keeps == Keeps::agent_suspended) {
        if (has("unit restart ecs")) return "restart ecs";
        if (is_agents && has("unit start ecs")) return "start ecs";
        if (!is_agents && has("unit stop ecs")) return "stop ecs";
    }
    if (keeps == Keeps::agent_stopped) return {};
    if (has("unit restart docker")) return "restart docker";
    if (has("unit stop docker")) return "stop docker";
    return keeps == Keeps::docker_stopped && has("unit start docker") ? "start docker" : "";
}

TEST_F(BreaksTest, LeavesStoppedOrSuspendedWhatAnotherCauseKeepsSo) {
    // Some causes end its connection, or its registration.
    hosts.on_agent_start = [&] {
        instances.front() = std::make_unique<FakeInstance>(world, host);
        instances.front()->connect();
    };
    for (const char* keeper : keepers) {
        const Keeps keeps = cause_named(keeper).value()->keeps;
        for (const Cause& cause : catalogue()) {
            if (cause.name() == keeper || cause.boots_host || contradict(keeps, cause.keeps))
                continue;
            ASSERT_TRUE(make(keeper)) << keeper;
            hosts.ran.clear();
            ASSERT_TRUE(make(cause.name())) << keeper << " and then " << cause.name();
            for (const std::string& script : hosts.ran)
                EXPECT_EQ(end_of(keeps, script), "")
                    << keeper << " and then " << cause.name() << ": " << script;
            ASSERT_TRUE(mend());
        }
    }
}

TEST_F(BreaksTest, RestartsTheAgentWhereNothingKeepsItAndOnTheNeighbour) {
    ASSERT_TRUE(make("NET_ACS_BLOCKED"));
    EXPECT_EQ(hosts.count("unit restart ecs"), 1U);
    ASSERT_TRUE(make("AGENT_STOPPED"));
    ASSERT_TRUE(make("NET_ACS_BLOCKED", neighbour));
    EXPECT_EQ(hosts.count("unit restart ecs"), 2U);
}

TEST_F(BreaksTest, LeavesTheAgentStoppedWhenItTakesBackWhatCouldNotBeMade) {
    ASSERT_TRUE(make("AGENT_STOPPED"));
    hosts.ran.clear();
    hosts.failing = "prlimit";
    ASSERT_FALSE(make("FD_EXHAUSTION"));
    EXPECT_EQ(shown(), std::vector<std::string>{"AGENT_STOPPED"});
    EXPECT_EQ(hosts.count("rm -f"), 1U) << "it was taken back";
    EXPECT_EQ(hosts.count("start ecs") - hosts.count("try-restart ecs"), 0U);
}

TEST_F(BreaksTest, MendsWhatKeepsTheAgentFromRunningBeforeTheRest) {
    ASSERT_TRUE(make("AGENT_STOPPED"));
    ASSERT_TRUE(make("IAM_NO_CREDS"));
    ASSERT_TRUE(make("IMDS_UNREACHABLE"));
    hosts.ran.clear();
    const auto mended = mend();
    ASSERT_TRUE(mended) << mended.error().message;
    EXPECT_EQ(json::text(json::at(*mended, "mended")),
              R"(["AGENT_STOPPED","IMDS_UNREACHABLE","IAM_NO_CREDS"])");
    EXPECT_EQ(hosts.count("unit start ecs"), 3U);
    EXPECT_EQ(hosts.count("unit restart ecs"), 2U) << "it takes note of the other two again";
}

TEST_F(BreaksTest, RefusesACauseThatWouldEndAnother) {
    for (const auto& [first, second] : std::vector<std::pair<std::string, std::string>>{
             {"AGENT_HUNG", "AGENT_STOPPED"},
             {"AGENT_HUNG", "DOCKER_DOWN"},
             {"DOCKER_DOWN", "AGENT_HUNG"},
             {"DOCKER_UNRESPONSIVE", "DOCKER_DOWN"},
             {"AGENT_STOPPED", "INSTANCE_TYPE_CHANGED"},
             {"DISK_FULL", "INSTANCE_TYPE_CHANGED"}}) {
        ASSERT_TRUE(make(first)) << first;
        const auto refused = make(second);
        ASSERT_FALSE(refused) << second;
        EXPECT_EQ(refused.error().code, Errc::conflict);
        EXPECT_NE(refused.error().message.find(fmt::format("beside {}", first)), std::string::npos)
            << refused.error().message;
        ASSERT_TRUE(make(second, neighbour)) << "the neighbour is another matter: " << second;
        EXPECT_EQ(shown().size(), 2U);
        ASSERT_TRUE(mend());
        ASSERT_TRUE(mend(neighbour));
    }
}

} // namespace
} // namespace squall::lab::breaks
