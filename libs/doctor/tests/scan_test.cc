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
