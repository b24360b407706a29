#include "agent/agent_log.h"

#include "agent/backoff.h"
#include "agent_world.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/time_text.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>

namespace squall::labhost {
namespace {

const WallTime when = parse_time("2026-11-21T02:03:04.567Z").value();

TEST(AgentLogLine, IsLogfmtAsTheRealAgentWritesIt) {
    EXPECT_EQ(
        log_line("info", when, "Connected to ACS endpoint", {{"containerInstanceARN", "arn:x"}}),
        "level=info time=2026-11-21T02:03:04Z msg=\"Connected to ACS endpoint\" "
        "containerInstanceARN=\"arn:x\"\n");
    EXPECT_EQ(log_line("warn", when, "plain", {}),
              "level=warn time=2026-11-21T02:03:04Z msg=\"plain\"\n");
}

TEST(AgentLogLine, StaysOneLineWhateverTheMessageHolds) {
    EXPECT_EQ(log_line("error", when, "a \"b\" \\ c\nd", {{"error", "x\ny"}}),
              "level=error time=2026-11-21T02:03:04Z msg=\"a \\\"b\\\" \\\\ c\\nd\" "
              "error=\"x\\ny\"\n");
}

TEST(AgentLog, AppendsToWhatIsThere) {
    const TemporaryFolder folder;
    const Path file = folder.path() / "ecs-agent.log";
    AgentLog(file).info("first");
    AgentLog(file).error("second", {{"error", "why"}});
    const std::string text = read_file(file, 1U << 20U).value();
    EXPECT_TRUE(text.starts_with("level=info time="));
    EXPECT_NE(text.find(" msg=\"first\"\nlevel=error time="), std::string::npos);
    EXPECT_TRUE(text.ends_with(" msg=\"second\" error=\"why\"\n"));
}

TEST(AgentLog, MovesAsideWhenItHasGrownTooLarge) {
    const TemporaryFolder folder;
    const Path file = folder.path() / "ecs-agent.log";
    constexpr std::size_t size_max = 5U << 20U;
    ASSERT_TRUE(write_file(file, std::string(size_max - 10, 'x')));
    AgentLog log(file);
    log.info("the last of the old");
    log.info("the first of the new");
    EXPECT_GT(std::filesystem::file_size(file.string() + ".1"), size_max);
    const std::string text = read_file(file, 1U << 20U).value();
    EXPECT_NE(text.find("the first of the new"), std::string::npos);
    EXPECT_EQ(text.find("the last of the old"), std::string::npos);
}

std::set<std::string> names_in(const Path& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.insert(entry.path().filename());
    return names;
}

TEST(AgentLog, KeepsTheNewestOfThoseMovedAsideUnderRisingNumbers) {
    const TemporaryFolder folder;
    AgentLog log(folder.path() / "ecs-agent.log", {.size_max = 1, .kept_max = 3});
    for (int i = 0; i < 13; ++i)
        log.info(std::to_string(i));
    EXPECT_EQ(names_in(folder.path()),
              (std::set<std::string>{
                  "ecs-agent.log", "ecs-agent.log.10", "ecs-agent.log.11", "ecs-agent.log.12"}));
    EXPECT_NE(read_file(folder.path() / "ecs-agent.log.12", 4096)->find("msg=\"11\""),
              std::string::npos);
}

TEST(AgentLog, MovesAsideByTheHourWhatTellsOfAnotherOne) {
    const TemporaryFolder folder;
    const Path file = folder.path() / "ecs-agent.log";
    const LogRotation hourly{.kind = LogRotation::Kind::hourly};
    AgentLog(file, hourly).info("of old");
    const std::array<timespec, 2> times{timespec{1782838800, 0}, timespec{1782838800, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0), 0);
    AgentLog(file, hourly).info("of now");
    AgentLog(file, hourly).info("of now too");
    EXPECT_EQ(names_in(folder.path()),
              (std::set<std::string>{"ecs-agent.log", "ecs-agent.log.2026-06-30-17"}));
}

TEST(AgentLog, GoesOnWhereItCannotBeWritten) {
    AgentLog log("/nonexistent/ecs-agent.log");
    log.info("to standard output only");
    EXPECT_FALSE(std::filesystem::exists("/nonexistent"));
}

TEST(Backoff, GrowsToItsLimitAndBeginsAgainAfterAReset) {
    std::mt19937 random(1);
    Backoff backoff(Millis(250), Millis(2000), 0.0, 2.0);
    std::vector<Millis> delays;
    delays.reserve(6);
    for (int i = 0; i < 6; ++i)
        delays.push_back(backoff.next(random));
    EXPECT_EQ(
        delays,
        (std::vector<Millis>{
            Millis(250), Millis(500), Millis(1000), Millis(2000), Millis(2000), Millis(2000)}));
    backoff.reset();
    EXPECT_EQ(backoff.next(random), Millis(250));
}

TEST(Backoff, SpreadsItsDelaysButNeverPastTheLimit) {
    std::mt19937 random(1);
    std::set<Millis> delays;
    for (int i = 0; i < 200; ++i) {
        Backoff backoff(Millis(1000), Millis(1100), 0.2, 1.5);
        delays.insert(backoff.next(random));
    }
    EXPECT_GE(*delays.begin(), Millis(800));
    EXPECT_LE(*delays.rbegin(), Millis(1100));
    EXPECT_GT(delays.size(), 50U);
}

} // namespace
} // namespace squall::labhost
