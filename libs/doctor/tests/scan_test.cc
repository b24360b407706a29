#include "squall/doctor/scan.h"

#include "corpus.h"
#include "logs/log_time.h"
#include "scan/repeats.h"
#include "scan/text_chunks.h"

#include <sys/resource.h>

namespace squall::doctor {
namespace {

constexpr std::string_view filler =
    "level=debug time=2026-03-11T08:15:00Z msg=\"Received HeartbeatMessage\" module=x.go\n";
constexpr std::string_view evidence =
    "2026-03-11T08:15:01Z [ERROR] Unable to discover poll endpoint, err: RequestError: send "
    "request failed\n"
    "caused by: Post https://ecs.eu-central-1.amazonaws.com/: dial tcp: lookup "
    "ecs.eu-central-1.amazonaws.com on 10.20.0.2:53: no such host\n";

std::string filled(std::size_t size) {
    std::string text;
    while (text.size() + filler.size() <= size)
        text += filler;
    if (text.size() < size) text += std::string(size - text.size() - 1, '.') + "\n";
    return text;
}

const Group* group_of(const ScannedLog& log, std::string_view cause) {
    const auto index = catalogue().index_of(cause);
    for (const Segment& segment : log.segments) {
        const auto found = segment.causes.find(*index);
        if (found != segment.causes.end()) return &found->second;
    }
    return nullptr;
}

TEST(Scan, FindsARecordAtEveryPlaceAroundAChunksBorder) {
    for (const std::size_t border :
         {TextChunks::chunk_size, TextChunks::chunk_size + TextChunks::record_max}) {
        for (std::size_t before = 0; before < evidence.size() + 8; before += 3) {
            const std::string text = filled(border - before) + std::string(evidence) + filled(400);
            const ScannedLog log = scanned(text);
            const Group* group = group_of(log, "NET_DNS");
            ASSERT_NE(group, nullptr) << before;
            ASSERT_EQ(group->count, 1U) << before;
            ASSERT_NE(group->first.text.find("no such host"), std::string::npos) << before;
            ASSERT_TRUE(group->first.text.starts_with("2026-03-11T08:15:01Z")) << before;
            const auto line =
                std::count(
                    text.begin(), text.begin() + static_cast<std::ptrdiff_t>(border - before), '\n')
                + 1;
            ASSERT_EQ(group->first.line, static_cast<std::uint64_t>(line)) << before;
        }
    }
}

TEST(Scan, GivesTheSameWhateverTheBytesComeIn) {
    const std::string text =
        filled(5000) + std::string(evidence) + filled(3000) + std::string(evidence);
    for (const std::size_t at_once : {1U, 13U, 4096U}) {
        StringSource source(text, at_once);
        const ScannedLog log = scanner().scan("a.log", source);
        const Group* group = group_of(log, "NET_DNS");
        ASSERT_NE(group, nullptr);
        EXPECT_EQ(group->count, 2U);
        EXPECT_EQ(log.bytes, text.size());
        EXPECT_EQ(log.lines,
                  static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')));
    }
}

TEST(Scan, FindsWhatIsDeepInALineThatIsFarTooLong) {
    for (const std::size_t depth : {100U << 10U, 700U << 10U, 3U << 20U}) {
        const std::string text =
            std::string(depth, 'x')
            + " Error connecting to ACS: dial tcp 198.51.100.7:443: i/o timeout "
            + std::string(100U << 10U, 'y') + "\n";
        const ScannedLog log = scanned("first\n" + text + "last");
        const Group* group = group_of(log, "NET_ACS_BLOCKED");
        ASSERT_NE(group, nullptr) << depth;
        EXPECT_EQ(group->first.line, 2U) << depth;
        EXPECT_EQ(log.lines, 3U) << depth;
    }
}

std::string in_journal(std::string_view writer, std::string_view text) {
    return fmt::format("Mar 11 08:15:02 ip-10-0-1-23 {}: {}\n", writer, text);
}

std::string lines_of(std::initializer_list<std::string> lines) {
    std::string text;
    for (const std::string& line : lines)
        text += line;
    return text;
}

constexpr std::string_view pull_fails =
    "2026-03-11T08:15:01Z [ERROR] CannotPullECRContainerError: RequestError: send request failed";
constexpr std::string_view no_such_host =
    "caused by: Post https://api.ecr.us-east-1.amazonaws.com/: dial tcp: lookup x: no such host";
constexpr std::string_view poll_fails =
    "2026-03-11T08:15:01Z [ERROR] Unable to discover poll endpoint, err: RequestError: send "
    "request failed";

TEST(Scan, JoinsARecordBetweenWhoseLinesStandThoseOfOthers) {
    const ScannedLog log =
        scanned(lines_of({in_journal("docker[1611]", poll_fails),
                          in_journal("docker[4711]", pull_fails),
                          in_journal("systemd[1]", "Started Session 1 of User root."),
                          in_journal("docker[4711]", no_such_host),
                          in_journal("kernel", "[1.5] x"),
                          in_journal("docker[1611]", no_such_host),
                          in_journal("docker[1611]", "2026-03-11T08:15:03Z [INFO] x"),
                          in_journal("docker[1611]", "\tno such host")}));
    const Group* group = group_of(log, "NET_DNS");
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(group->count, 2U);
    EXPECT_EQ(group->first.line, 1U);
    EXPECT_EQ(group->first.text,
              in_journal("docker[1611]", poll_fails) + in_journal("docker[1611]", no_such_host));
    EXPECT_EQ(group->last.line, 7U);
    EXPECT_EQ(log.lines, 8U);
}

TEST(Scan, FindsWhatStandsBetweenTheLinesOfARecord) {
    const std::string acs = "Error connecting to ACS: dial tcp 198.51.100.7:443: i/o timeout";
    const ScannedLog log = scanned(lines_of({in_journal("docker[1611]", "panic: x"),
                                             in_journal("docker[4711]",
                                                        "level=error "
                                                        "time=2026-03-11T08:15:02Z "
                                                        "msg=\""
                                                            + acs + "\""),
                                             in_journal("docker[1611]", "goroutine 1 [running]:"),
                                             in_journal("docker[1611]", "main.main()"),
                                             in_journal("docker[1611]", "\t/x.go:1 +0x1"),
                                             in_journal("docker[1611]", poll_fails),
                                             in_journal("docker[1611]", no_such_host)}),
                                   "a.log");
    const Group* blocked = group_of(log, "NET_ACS_BLOCKED");
    ASSERT_NE(blocked, nullptr);
    EXPECT_EQ(blocked->first.line, 2U);
    const Group* crash = group_of(log, "AGENT_PANIC");
    ASSERT_NE(crash, nullptr);
    EXPECT_EQ(crash->count, 1U);
    EXPECT_EQ(crash->first.line, 1U);
    EXPECT_EQ(std::count(crash->first.text.begin(), crash->first.text.end(), '\n'), 4);
    const Group* names = group_of(log, "NET_DNS");
    ASSERT_NE(names, nullptr);
    EXPECT_EQ(names->first.line, 6U);
    EXPECT_EQ(log.lines, 7U);
}

// Whoever writes is known behind what grep and compose put in front, too.
TEST(Scan, TakesNoOtherProgramForTheAgentInWhatGrepHasFound) {
    const std::string well =
        "Mar 11 08:15:00 h ecs-agent[1]: level=info time=2026-03-11T08:15:00Z msg=\"Connected to "
        "ACS endpoint\"";
    const std::string other =
        "Mar 11 08:16:00 h web[7]: level=error time=2026-03-11T08:16:00Z msg=\"lookup "
        "ecs.eu-west-1.amazonaws.com: no such host; use of closed network connection\"";
    for (const std::string prefix :
         {"", "12:", "messages:", "messages:12:", "<30>", "messages:<30>"})
        EXPECT_EQ(told(diagnosed(fmt::format("{0}{1}\n{0}{2}\n", prefix, well, other))),
                  "healthy: ")
            << prefix;
}

TEST(Scan, JoinsNoLinesOfOtherPrograms) {
    for (const char* writer : {"dockerd[9]", "systemd[1]", "kernel", "containerd[7]", "nginx[4]"}) {
        const ScannedLog log =
            scanned(lines_of({in_journal(writer, "first"),
                              in_journal(writer, "\tdocker.service: no space left on device"),
                              in_journal(writer, "\tdocker.service: too many open files"),
                              in_journal(writer, "caused by: no space left on device")}));
        for (const Segment& segment : log.segments) {
            for (const auto& [cause, group] : segment.causes)
                EXPECT_EQ(std::count(group.first.text.begin(), group.first.text.end(), '\n'), 1)
                    << group.first.text;
        }
    }
}

TEST(Scan, JoinsWrappedLinesAtEveryPlaceAroundAChunksBorder) {
    const std::string record = in_journal("docker[1611]", pull_fails)
                               + in_journal("systemd[1]", "Started Session 1 of User root.")
                               + in_journal("docker[1611]", no_such_host);
    const std::string ours = in_journal("docker[1611]", filler.substr(0, filler.size() - 1));
    const std::string others = in_journal("systemd[1]", "Started Session 2 of User root.");
    std::string ahead;
    while (ahead.size() + 4096 < TextChunks::chunk_size + TextChunks::record_max)
        ahead += others + ours;
    for (std::size_t more = 0; more < 4096 + record.size(); more += 37) {
        const std::string text = lines_of({ahead,
                                           std::string(more, '.') + "\n",
                                           record,
                                           others,
                                           ours,
                                           ahead.substr(0, TextChunks::record_max)});
        ASSERT_EQ(group_of(scanned(text), "NET_DNS"), nullptr) << more;
    }
}

// A log that is made while it is read.
class Endless final : public ByteSource {
public:
    explicit Endless(std::string block, std::size_t times)
        : block_(std::move(block)), times_(times) {}

    Result<std::size_t> read(std::span<char> into) override {
        std::size_t size = 0;
        while (size < into.size() && times_ > 0) {
            const auto some = std::min(into.size() - size, block_.size() - at_);
            std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(at_),
                        some,
                        into.begin() + static_cast<std::ptrdiff_t>(size));
            size += some;
            at_ += some;
            if (at_ < block_.size()) continue;
            at_ = 0;
            --times_;
        }
        return size;
    }

private:
    std::string block_;
    std::size_t times_;
    std::size_t at_ = 0;
};

TEST(Scan, HoldsNoMoreOfALongLogThanOfAShortOne) {
    const auto peak_kb = [] {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
    };
    const std::string block = filled(60'000) + std::string(evidence)
                              + "2026-03-11T08:15:02Z [INFO] Connected to ACS endpoint\n";
    Endless first(block, 20);
    const ScannedLog warm = scanner().scan("a.log", first);
    const auto before = peak_kb();
    Endless source(block, 2000);
    const ScannedLog log = scanner().scan("a.log", source);
    EXPECT_EQ(log.bytes, block.size() * 2000);
    EXPECT_EQ(log.segments.size(), ScannedLog::segments_max);
    constexpr long room_kb = 24L << 10U;
    EXPECT_LT(peak_kb() - before, room_kb);
    EXPECT_EQ(warm.known, 40U);
}

TEST(Scan, CountsAFloodThoughItReadsItsLineOnce) {
    std::string text;
    for (int i = 0; i < 3000; ++i)
        text +=
            fmt::format("level=error time=2026-03-11T08:{:02}:{:02}Z msg=\"Cannot connect to the "
                        "Docker daemon at unix:///var/run/docker.sock\" module=docker_client.go\n",
                        i / 60 % 60,
                        i % 60);
    const ScannedLog log = scanned(text);
    const Group* group = group_of(log, "DOCKER_DOWN");
    ASSERT_NE(group, nullptr);
    EXPECT_EQ(group->count, 3000U);
    EXPECT_EQ(group->moments, 3000U);
    EXPECT_EQ(group->first.line, 1U);
    EXPECT_EQ(group->last.line, 3000U);
    EXPECT_EQ(*group->last.when - *group->first.when, Seconds(2999));
}

TEST(Repeats, AreLinesThatDifferInTheirTimesAlone) {
    Repeats repeats;
    const Reading reading{7, Certainty::certain, {}};
    const auto time_of = [](std::string_view text) {
        return take_time(text);
    };
    constexpr std::string_view line =
        "level=error time=2026-03-11T08:15:00Z msg=\"a stopped daemon, and so on\" x=1";
    repeats.remember(line, reading, time_of("2026-03-11T08:15:00Z"));
    std::optional<WallTime> when;
    const auto* same = repeats.find(
        "level=error time=2026-03-11T09:20:33Z msg=\"a stopped daemon, and so on\" x=1", when);
    ASSERT_NE(same, nullptr);
    EXPECT_EQ(same->reading.cause, 7U);
    EXPECT_EQ(when, time_of("2026-03-11T09:20:33Z"));
    EXPECT_EQ(
        repeats.find(
            "level=error time=2026-03-11T09:20:33Z msg=\"a stopped daemon, and so on\" x=2", when),
        nullptr);
    EXPECT_EQ(
        repeats.find(
            "level=errox time=2026-03-11T09:20:33Z msg=\"a stopped daemon, and so on\" x=1", when),
        nullptr);
    EXPECT_EQ(
        repeats.find(
            "level=error time=2026-03-11T09:99:33Z msg=\"a stopped daemon, and so on\" x=1", when),
        nullptr);
    EXPECT_EQ(repeats.find("", when), nullptr);
    // A time that it cannot find again would be told of all of them.
    repeats.clear();
    repeats.remember("Mar 11 08:15:00 h x: y", reading, time_of("2026-03-11T08:15:00Z"));
    EXPECT_EQ(repeats.find("Mar 11 08:15:00 h x: y", when), nullptr);
}

} // namespace
} // namespace squall::doctor
