#include "agent_lines.h"
#include "corpus.h"

namespace squall::doctor {
namespace {

std::string info(std::string_view time, std::string_view message) {
    return replace_all(line(time, message), "level=error", "level=info");
}

const std::string dns =
    "Failed to connect to ACS error=\"lookup ecs-a-1.x on 10.0.0.2:53: no such host\"";
const std::string up = "Connected to ACS endpoint";

// What the agent's files say, the oldest first.
std::vector<std::string> of_an_agent_that_is_away() {
    return {info("06:00:00", "Starting Amazon ECS Agent") + info("06:00:05", up)
                + info("06:58:00", "Closing connection"),
            info("06:58:01", up) + info("07:30:00", "Closing connection") + info("07:30:01", up)
                + info("07:59:00", "Managed task"),
            info("08:00:00", "Managed task") + line("08:10:00", dns) + line("08:12:00", dns)};
}

std::vector<std::string> of_an_agent_that_is_back() {
    return {info("06:00:00", "Starting Amazon ECS Agent") + line("06:10:00", dns)
                + line("06:59:00", dns),
            line("07:00:00", dns) + line("07:58:30", dns),
            info("08:00:00", "Managed task") + info("08:00:01", up)
                + info("08:20:00", "Managed task")};
}

// Whatever their order in one stream, they tell what they tell one by one.
TEST(Pieces, OfAStreamWithTheNewestFirstAreReadInTheOrderOfTheirTimes) {
    for (const auto& files : {of_an_agent_that_is_away(), of_an_agent_that_is_back()}) {
        const std::string expected = told(diagnosed(files[0] + files[1] + files[2]));
        EXPECT_EQ(told(diagnosed(files[2] + files[0] + files[1])), expected);
        EXPECT_EQ(told(diagnosed(files[2] + files[1] + files[0])), expected);
        EXPECT_EQ(told(diagnosed(files[2] + files[1])), expected);
    }
    EXPECT_EQ(told(diagnosed(join(of_an_agent_that_is_away(), ""))), "finding: NET_DNS");
    EXPECT_EQ(told(diagnosed(join(of_an_agent_that_is_back(), ""))), "recovered: NET_DNS");
}

// The roll begins with what nobody knows, and the trouble of before is long over.
TEST(Pieces, EndWhenTheNewestEnds) {
    const std::string before = info("05:00:00", "Managed task") + info("05:00:01", up)
                               + line("05:30:00", "write agent.db: no space left on device")
                               + info("05:40:00", up) + info("06:59:00", "Managed task");
    const std::string newest = info("07:00:00", up) + info("09:00:00", up);
    EXPECT_EQ(told(diagnosed(before + newest)), "healthy: ");
    EXPECT_EQ(told(diagnosed(newest + before)), "healthy: ");
}

TEST(Pieces, KeepTheLinesOfTheStream) {
    const auto files = of_an_agent_that_is_away();
    const auto found = diagnosed(files[2] + files[0] + files[1]);
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_EQ(found.findings.front().evidence.front().line, 3U);
}

// As is that of an agent that was well until then.
TEST(Pieces, OfTwoFilesTheSilenceBetweenMayBeThatOfAHealthyAgent) {
    const std::string before = info("05:00:00", "Managed task") + info("06:30:00", up);
    const std::string newest = line("07:00:00", dns) + line("07:02:00", dns);
    EXPECT_EQ(told(diagnosed(before + newest)), "finding: NET_DNS");
    EXPECT_EQ(told(diagnosed(newest + before)), "finding: NET_DNS");
}

// What the last lines say is asked of the newest file.
TEST(Pieces, EndWithTheNewestFile) {
    const std::string starts =
        info("08:00:00", "Starting Amazon ECS Agent") + info("08:00:00", "Loading configuration");
    const auto files = of_an_agent_that_is_away();
    EXPECT_EQ(told(diagnosed(files[0] + files[1] + starts)), "finding: STATE_LOCKED");
    EXPECT_EQ(told(diagnosed(starts + files[0] + files[1])), "finding: STATE_LOCKED");
    EXPECT_EQ(
        told(diagnosed(starts + info("08:00:01", "Registering Instance with ECS") + files[1])),
        told(diagnosed(files[1] + starts + info("08:00:01", "Registering Instance with ECS"))));
}

// A clock that was set back leaves the lines in their order.
TEST(Pieces, AreOneLogWhereTheClockWasSetBack) {
    const std::string began = info("08:00:00", "Starting Amazon ECS Agent") + info("08:00:05", up);
    EXPECT_EQ(told(diagnosed(began + line("06:10:00", dns) + line("06:12:00", dns))),
              "finding: NET_DNS");
    EXPECT_EQ(told(diagnosed(began + line("07:40:00", dns) + line("08:10:00", dns))),
              "finding: NET_DNS");
    const auto found =
        diagnosed(began + line("07:00:00", dns) + line("08:10:00", dns) + line("07:20:00", dns));
    ASSERT_EQ(told(found), "finding: NET_DNS");
    EXPECT_NE(found.findings.front().summary.find("Seen 3 times"), std::string::npos);
}

// Lines of two clocks that are an hour apart, in turns.
TEST(Pieces, OfLogsThatAreMixedLoseNothing) {
    std::string mixed = info("06:00:00", "Starting Amazon ECS Agent") + info("06:00:05", up);
    for (int i = 0; i < 2000; ++i)
        mixed += line(i % 2 == 0 ? "07:00:00" : "06:00:10", dns);
    const auto found = diagnosed(mixed);
    ASSERT_EQ(told(found), "finding: NET_DNS");
    EXPECT_NE(found.findings.front().summary.find("Seen 2000 times"), std::string::npos)
        << found.findings.front().summary;
}

} // namespace
} // namespace squall::doctor
