// What systemd says of units, in logs: of the agent's and Docker's, and of those called alike.
#include "corpus.h"
#include "logs/record.h"

#include <array>

namespace squall::doctor {
namespace {

constexpr std::string_view agent_at_work =
    "Mar 11 08:00:05 ip-10-0-4-4 docker[1611]: level=info time=2026-03-11T08:00:05Z "
    "msg=\"Connected to ACS endpoint\"\n";

std::string said_of(std::string_view unit, std::string_view what) {
    std::string text(agent_at_work);
    for (int i = 0; i < 2; ++i)
        text += fmt::format("Mar 11 08:2{}:00 ip-10-0-4-4 systemd[1]: {}: {}\n", i, unit, what);
    return text;
}

struct Saying {
    std::string_view unit; // whose it is
    std::string_view what;
    std::string_view cause;
};

constexpr std::array<Saying, 11> sayings{{
    {"ecs.service", "Deactivated successfully.", "AGENT_STOPPED"},
    {"ecs.service", "Succeeded.", "AGENT_STOPPED"},
    {"ecs.service", "Scheduled restart job, restart counter is at 5.", "AGENT_CRASHLOOP"},
    {"ecs.service", "Start request repeated too quickly.", "AGENT_CRASHLOOP"},
    {"ecs.service", "Main process exited, code=exited, status=1/FAILURE", "AGENT_CRASHLOOP"},
    {"ecs.service", "Main process exited, code=exited, status=5/NOTINSTALLED", "AGENT_TERMINAL"},
    {"ecs.service", "Control process exited, code=exited, status=1/FAILURE", "DOCKER_DOWN"},
    {"ecs.service", "Failed with result 'oom-kill'.", "OOM"},
    {"docker.service", "Failed with result 'oom-kill'.", "OOM"},
    {"docker.service", "Failed with result 'exit-code'.", "DOCKER_DOWN"},
    {"docker.service", "Start request repeated too quickly.", "DOCKER_DOWN"},
}};

bool has_cause(const Diagnosis& diagnosis, std::string_view cause) {
    const auto causes = causes_of(diagnosis);
    return std::find(causes.begin(), causes.end(), cause) != causes.end();
}

std::string diagnosed_text(const std::string& log) { return told(diagnosed(log, "messages")); }

TEST(Units, OfTheAgentAndOfDockerAreKnown) {
    for (const Saying& saying : sayings) {
        const auto diagnosis = diagnosed(said_of(saying.unit, saying.what), "messages");
        EXPECT_TRUE(has_cause(diagnosis, saying.cause)) << saying.what << ": " << told(diagnosis);
    }
    EXPECT_TRUE(
        has_cause(diagnosed(said_of("amazon-ecs.service", "Deactivated successfully."), "messages"),
                  "AGENT_STOPPED"));
}

// What runs before the agent fails for more than a lack of Docker.
TEST(Units, ThatCannotBeStartedDoNotBlameDockerForWhatIsKnown) {
    const std::string by_systemd = diagnosed_text(
        said_of("ecs.service", "Control process exited, code=exited, status=203/EXEC"));
    EXPECT_EQ(by_systemd.find("DOCKER_DOWN"), std::string::npos) << by_systemd;
    for (const char* why :
         {"into Docker: Error processing tar file(exit status 1): unexpected EOF",
          "from cache: open /var/cache/ecs/ecs-agent.tar: no such file or directory"}) {
        const std::string init = fmt::format(
            "Mar 11 08:20:00 h amazon-ecs-init[9]: level=error time=2026-03-11T08:20:00Z "
            "msg=\"could not load Amazon Elastic Container Service Agent {}\"\n",
            why);
        const auto text = diagnosed_text(
            init
            + said_of("ecs.service", "Control process exited, code=exited, status=255/EXCEPTION"));
        EXPECT_EQ(text.rfind("finding: AGENT_DOWNLOAD", 0), 0U) << text;
        EXPECT_EQ(text.find("DOCKER_DOWN"), std::string::npos) << text;
    }
}

TEST(Units, WhoseNamesEndAsTheirsAreOthers) {
    for (const Saying& saying : sayings) {
        for (const char* before : {"install-cod", "load-", "my", "my_", "job@", "snap."}) {
            const std::string unit = before + std::string(saying.unit);
            const auto diagnosis = diagnosed(said_of(unit, saying.what), "messages");
            EXPECT_EQ(told(diagnosis), "healthy: ") << unit << ": " << saying.what;
        }
    }
}

TEST(Units, WhoseNamesEndAsTheirsMakeNoAgentsLog) {
    EXPECT_EQ(scanned("Mar 11 08:20:00 h systemd[1]: codecs.service: oom-kill\n").of_agent, 0U);
    EXPECT_EQ(scanned("Mar 11 08:20:00 h systemd[1]: ecs.service: oom-kill\n").of_agent, 1U);
    EXPECT_EQ(scanned("Mar 11 08:20:00 h specs-agent[1]: panic: x\n").of_agent, 0U);
    EXPECT_EQ(parse_record("Mar 11 08:20:00 h specs-agent[1]: no such host", corpus_now()).kind,
              LogKind::other);
    EXPECT_EQ(parse_record("Mar 11 08:20:00 h codecs[1]: no such host", corpus_now()).kind,
              LogKind::other);
    EXPECT_EQ(parse_record("Mar 11 08:20:00 h amazon-ecs[1]: x", corpus_now()).kind,
              LogKind::unknown);
}

} // namespace
} // namespace squall::doctor
