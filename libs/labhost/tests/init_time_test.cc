#include "init/exits.h"
#include "init/start_limit.h"
#include "init/time_span.h"
#include "init/tool_options.h"

#include <gtest/gtest.h>

namespace squall::labhost::init {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(TimeSpan, IsReadAsSystemdReadsIt) {
    const std::pair<const char*, Micros> cases[] = {{"10", Seconds(10)},
                                                    {"10s", Seconds(10)},
                                                    {"1min 30s", Seconds(90)},
                                                    {"1min30s", Seconds(90)},
                                                    {"100ms", Millis(100)},
                                                    {"2 h", hours(2)},
                                                    {"48hr", hours(48)},
                                                    {"55s500ms", Millis(55'500)},
                                                    {"300ms20s 5day", Millis(432'020'300)},
                                                    {"1.5h", minutes(90)},
                                                    {"5us", Micros(5)},
                                                    {"0", Micros(0)},
                                                    {"infinity", forever}};
    for (const auto& [text, expected] : cases) {
        const auto parsed = parse_span(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(*parsed, expected) << text;
    }
    for (const char* bad :
         {"", " ", "s", "10x", "-5", "1..5s", "abc", "10 s x", "1e400", "9999999y"})
        EXPECT_FALSE(parse_span(bad)) << bad;
}

TEST(TimeSpan, IsWrittenAsSystemdWritesIt) {
    EXPECT_EQ(span_text(Seconds(90)), "1min 30s");
    EXPECT_EQ(span_text(Millis(100)), "100ms");
    EXPECT_EQ(span_text(Millis(1500)), "1.500000s");
    EXPECT_EQ(span_text(Millis(1500), Millis(1)), "1.500s");
    EXPECT_EQ(span_text(Micros(2'970'312'414)), "49min 30.312414s");
    EXPECT_EQ(span_text(Micros(0)), "0");
    EXPECT_EQ(span_text(forever), "infinity");
    EXPECT_EQ(span_text(hours(25) + minutes(1)), "1d 1h 1min");
    EXPECT_EQ(span_text(Micros(393'412), Millis(1)), "393ms");
    EXPECT_EQ(span_text(Micros(948), Millis(1)), "948us");
    EXPECT_EQ(span_text(Micros(61'002'345), Millis(1)), "1min 1.002s");
}

TEST(Timestamp, IsReadInTheFormsThatJournalctlTakes) {
    const WallTime now = wall_from_micros(1'795'229'653'000'000); // 2026-11-21 02:54:13 UTC
    const auto read = [&](const char* text) {
        const auto parsed = parse_timestamp(text, now);
        return parsed ? timestamp_text(*parsed) : "error";
    };
    EXPECT_EQ(read("now"), "Sat 2026-11-21 02:54:13 UTC");
    EXPECT_EQ(read("today"), "Sat 2026-11-21 00:00:00 UTC");
    EXPECT_EQ(read("yesterday"), "Fri 2026-11-20 00:00:00 UTC");
    EXPECT_EQ(read("2026-11-20"), "Fri 2026-11-20 00:00:00 UTC");
    EXPECT_EQ(read("2026-11-20 10:11"), "Fri 2026-11-20 10:11:00 UTC");
    EXPECT_EQ(read("2026-11-20 10:11:12"), "Fri 2026-11-20 10:11:12 UTC");
    EXPECT_EQ(read("2026-11-20T10:11:12Z"), "Fri 2026-11-20 10:11:12 UTC");
    EXPECT_EQ(read("2026-11-20 10:11:12 UTC"), "Fri 2026-11-20 10:11:12 UTC");
    EXPECT_EQ(read("01:02"), "Sat 2026-11-21 01:02:00 UTC");
    EXPECT_EQ(read("-10s"), "Sat 2026-11-21 02:54:03 UTC");
    EXPECT_EQ(read("10 min ago"), "Sat 2026-11-21 02:44:13 UTC");
    EXPECT_EQ(read("@1795229653"), "Sat 2026-11-21 02:54:13 UTC");
    for (const char* bad : {"", "foo", "2026-13-01", "25:00", "-", "x ago"})
        EXPECT_EQ(read(bad), "error") << bad;
}

TEST(Timestamp, IsToldAsADistance) {
    const WallTime now = wall_from_micros(1'795'229'653'000'000);
    EXPECT_EQ(relative_text(now - Millis(10), now), "10ms ago");
    EXPECT_EQ(relative_text(now - Seconds(62), now), "1min 2s ago");
    EXPECT_EQ(relative_text(now - minutes(6), now), "6min ago");
    EXPECT_EQ(relative_text(now - hours(2) - minutes(5), now), "2h 5min ago");
    EXPECT_EQ(relative_text(now - hours(49), now), "2 days ago");
    EXPECT_EQ(relative_text(now + minutes(59), now), "59min left");
}

TEST(StartLimit, CountsAWindowThatOpensWithTheFirstStart) {
    StartLimit limit;
    SteadyTime now{Seconds(100)};
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(limit.allows(now + Seconds(i), Seconds(10), 3));
    EXPECT_FALSE(limit.allows(now + Seconds(9), Seconds(10), 3));
    EXPECT_TRUE(limit.allows(now + Seconds(10), Seconds(10), 3));
    EXPECT_TRUE(limit.allows(now, Seconds(0), 3));
    EXPECT_TRUE(limit.allows(now, Seconds(10), 0));
}

TEST(ProcessExit, IsNamedAsSystemdNamesIt) {
    const ProcessExit missing{ProcessExit::How::exited, 203};
    EXPECT_EQ(journal_text(missing), "code=exited, status=203/EXEC");
    EXPECT_EQ(journal_text({ProcessExit::How::exited, 7}), "code=exited, status=7/NOTRUNNING");
    EXPECT_EQ(journal_text({ProcessExit::How::exited, 42}), "code=exited, status=42/n/a");
    EXPECT_EQ(journal_text({ProcessExit::How::killed, SIGKILL}), "code=killed, status=9/KILL");
    EXPECT_EQ(short_text({ProcessExit::How::exited, 3}), "code=exited, status=3");
    EXPECT_EQ(short_text({ProcessExit::How::dumped, SIGSEGV}), "code=dumped, signal=SEGV");
    EXPECT_EQ(parse_signal("SIGTERM"), SIGTERM);
    EXPECT_EQ(parse_signal("HUP"), SIGHUP);
    EXPECT_EQ(parse_signal("9"), SIGKILL);
    EXPECT_EQ(parse_signal("RTMIN+3"), SIGRTMIN + 3);
    EXPECT_EQ(signal_name(SIGRTMIN + 3), "RTMIN+3");
    for (const char* bad : {"FOO", "", "0", "-1", "999", "RTMIN+99"})
        EXPECT_EQ(parse_signal(bad), std::nullopt) << bad;
}

TEST(Options, AreReadAsGetoptReadsThem) {
    const OptionRules rules{"tool",
                            {{"property", 'p', OptionSpec::Value::needed},
                             {"quiet", 'q'},
                             {"lines", 'n', OptionSpec::Value::optional},
                             {"no-pager"}}};
    const auto given = parse_options(
        rules, {"-qpA,B", "verb", "--property=C", "--no-p", "-n5", "--property", "D", "--", "-x"});
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_TRUE(given->has("quiet") && given->has("no-pager"));
    EXPECT_EQ(given->values("property"), (std::vector<std::string>{"A,B", "C", "D"}));
    EXPECT_EQ(given->value("lines"), "5");
    EXPECT_EQ(given->rest, (std::vector<std::string>{"verb", "-x"}));
    const auto message = [&](const std::vector<std::string>& arguments) {
        const auto parsed = parse_options(rules, arguments);
        return parsed ? std::string("fine") : parsed.error().message;
    };
    EXPECT_EQ(message({"--frob"}), "tool: unrecognized option '--frob'");
    EXPECT_EQ(message({"-z"}), "tool: invalid option -- 'z'");
    EXPECT_EQ(message({"-p"}), "tool: option requires an argument -- 'p'");
    EXPECT_EQ(message({"--property"}), "tool: option '--property' requires an argument");
    EXPECT_EQ(message({"--quiet=1"}), "tool: option '--quiet' doesn't allow an argument");
}

TEST(Options, LeaveTheCommandLineOfAnotherProgramAlone) {
    const OptionRules rules{"tool", {{"quiet", 'q'}}, true};
    const auto given = parse_options(rules, {"-q", "sh", "-c", "--", "-q"});
    ASSERT_TRUE(given);
    EXPECT_EQ(given->rest, (std::vector<std::string>{"sh", "-c", "--", "-q"}));
}

} // namespace
} // namespace squall::labhost::init
