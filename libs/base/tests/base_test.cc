#include "squall/base/clock.h"
#include "squall/base/file.h"
#include "squall/base/json.h"
#include "squall/base/subprocess.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/base/wildcards.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

namespace squall {
namespace {

TEST(Text, QuotesForAShellWhateverIsInIt) {
    for (const std::string nasty :
         {"", "plain", "it's", "$(reboot)", "a\nb", "`x`; rm -rf / #", "\\", "'''", "\"$HOME\""}) {
        const auto said =
            run_checked({{"sh", "-c", "printf %s " + shell_quoted(nasty)}, {}, {}, {}},
                        Deadline::in(Seconds(10)));
        EXPECT_EQ(said.value(), nasty);
    }
}

TEST(Text, NamesTheNearestWordOnlyWhenItIsNear) {
    const std::vector<std::string> tunables{"CLUSTER_NAME", "REGION", "TOTAL_CHAOS_DURATION"};
    EXPECT_EQ(nearest("CLUSTERNAME", tunables), "CLUSTER_NAME");
    EXPECT_EQ(nearest("region", tunables), "REGION");
    EXPECT_EQ(nearest("DURATION", tunables), "TOTAL_CHAOS_DURATION") << "a part of it";
    EXPECT_EQ(nearest("TOTAL_CHAOS_DURATON", tunables), "TOTAL_CHAOS_DURATION");
    EXPECT_EQ(nearest("LATENCY", tunables), std::nullopt);
    EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(Text, TellsUtf8FromOtherBytes) {
    EXPECT_TRUE(is_valid_utf8("gr\u00fc\u00df \u20ac \U0001F32C"));
    for (const char* bad :
         {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
        EXPECT_FALSE(is_valid_utf8(bad));
}

TEST(Text, HashesAndEncodesAsTheStandardsSay) {
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64("fo"), "Zm8=");
    EXPECT_EQ(to_base64(""), "");
    for (const char* text : {"", "f", "fo", "foo", "foob"})
        EXPECT_EQ(from_base64(to_base64(text)), text);
    for (const char* bad : {"Zg=", "Zg", "Z===", "====", "Zg==Zg==", "Z g=", "Zm9v\n"})
        EXPECT_FALSE(from_base64(bad)) << bad;
    EXPECT_EQ(random_hex(7).size(), 7U);
    EXPECT_NE(random_uuid(), random_uuid());
}

TEST(Text, Base64IsReadAsItIsWrittenAndNotOtherwise) {
    std::string all_bytes;
    for (int i = 0; i < 256; ++i)
        all_bytes.push_back(static_cast<char>(i));
    for (std::size_t size = 0; size <= all_bytes.size(); ++size)
        EXPECT_EQ(from_base64(to_base64(all_bytes.substr(0, size))).value(),
                  all_bytes.substr(0, size));
    for (const char* bad :
         {"Zm8", "Zm8==", "Zm9=", "Zm8= ", "Zm\n8=", "Z", "====", "Zm8=Zm8=", "_-8="})
        EXPECT_FALSE(from_base64(bad)) << bad;
}

TEST(Text, HexIsReadAsItIsWritten) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::array<unsigned char, 2> bytes{static_cast<unsigned char>(byte), 0x0a};
        EXPECT_EQ(from_hex(to_hex(bytes)), std::string(bytes.begin(), bytes.end()));
    }
    EXPECT_EQ(from_hex(""), "");
    for (const char* bad : {"a", "0g", "AB", "0x", " 1", "12 "})
        EXPECT_FALSE(from_hex(bad)) << bad;
}

TEST(Text, ReadsWholeIntegersOnly) {
    EXPECT_EQ(to_integer("60"), 60);
    EXPECT_EQ(to_integer("-3"), -3);
    for (const char* bad : {"", "60s", " 60", "6 0", "1e3", "99999999999999999999", "+5"})
        EXPECT_EQ(to_integer(bad), std::nullopt) << bad;
}

TEST(TimeText, IsReadBackAsItWasWritten) {
    const WallTime when = parse_time("2026-11-21T02:03:04.567Z").value();
    EXPECT_EQ(rfc3339_millis(when), "2026-11-21T02:03:04.567Z");
    EXPECT_EQ(compact_utc(when), "20261121T020304Z");
    EXPECT_EQ(parse_time("20261121T020304Z").value(), parse_time("2026-11-21T02:03:04Z").value());
    EXPECT_EQ(parse_time("2026-11-21T04:03:04.567+02:00").value(), when);
    EXPECT_DOUBLE_EQ(epoch_seconds(from_epoch_seconds(1795219649.489)), 1795219649.489);
    for (const char* bad : {"",
                            "today",
                            "2026-02-30T00:00:00Z",
                            "2026-11-21",
                            "2026-11-21T25:00:00Z",
                            "2026-11-21T02:03:04X",
                            // Years that no clock of 64 bits of nanoseconds has.
                            "0001-01-01T00:00:00Z",
                            "4072-11-01T00:00:00Z"}) {
        EXPECT_FALSE(parse_time(bad)) << bad;
    }
}

TEST(TimeText, ShortensDurationsForPeople) {
    EXPECT_EQ(short_duration(Millis(250)), "250ms");
    EXPECT_EQ(short_duration(Millis(1500)), "1.5s");
    EXPECT_EQ(short_duration(Seconds(60)), "1m");
    EXPECT_EQ(short_duration(Seconds(90)), "1m30s");
    EXPECT_EQ(short_duration(Seconds(7200)), "2h0m");
}

TEST(TimeText, ReadsTheDurationsThatPeopleWrite) {
    EXPECT_EQ(parse_duration("250ms").value(), Millis(250));
    EXPECT_EQ(parse_duration("3s").value(), Seconds(3));
    EXPECT_EQ(parse_duration("3").value(), Seconds(3));
    EXPECT_EQ(parse_duration("2m").value(), Seconds(120));
    EXPECT_EQ(parse_duration("1h").value(), Seconds(3600));
    EXPECT_EQ(parse_duration("1d").value(), Seconds(86'400));
    for (const char* bad :
         {"", "s", "-1s", "1 s", "1.5s", "1w", "9999999999h", "9999999999d", "1s1"})
        EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Json, CanonicalTextDoesNotDependOnTheOrderOfMembers) {
    const auto a = json::parse(R"({"b":[1,{"y":2,"x":null}],"a":"\u00fc"})").value();
    const auto b = json::parse(R"({ "a":"ü", "b":[1,{"x":null,"y":2}] })").value();
    EXPECT_EQ(json::canonical_text(a), json::canonical_text(b));
    EXPECT_EQ(json::canonical_text(a), R"({"a":"ü","b":[1,{"x":null,"y":2}]})");
}

TEST(Json, ForgivesWhatIsAbsentOrMistyped) {
    const auto value =
        json::parse(R"({"name":"x","count":3,"list":[1],"flag":true,"inner":{"deep":"y"}})")
            .value();
    EXPECT_EQ(json::string_at(value, "name"), "x");
    EXPECT_EQ(json::string_at(value, "count", "none"), "none");
    EXPECT_EQ(json::integer_at(value, "count"), 3);
    EXPECT_EQ(json::integer_at(value, "name", -1), -1);
    EXPECT_EQ(json::array_at(value, "list").size(), 1U);
    EXPECT_TRUE(json::array_at(value, "nothing").empty());
    EXPECT_EQ(json::string_at(json::at(value, "inner"), "deep"), "y");
    EXPECT_TRUE(json::at(json::at(value, "nothing"), "deeper").is_null());
}

TEST(Json, RefusesWhatIsTooDeepOrNoJson) {
    EXPECT_FALSE(json::parse(std::string(1000, '[')));
    EXPECT_FALSE(json::parse("{'a':1}"));
    EXPECT_FALSE(json::parse(""));
    EXPECT_FALSE(json::parse_object("[]"));
}

TEST(File, IsReplacedWholeAndKeepsItsMode) {
    const TemporaryFolder folder;
    const Path path = folder.path() / "a/b/file";
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file(path, "one", 0600));
    ASSERT_TRUE(write_file(path, "two", 0600));
    EXPECT_EQ(read_file(path, 100).value(), "two");
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}), 1);
}

TEST(File, SaysWhichFileIsMissingOrTooLarge) {
    const TemporaryFolder folder;
    const auto missing = read_file(folder.path() / "nothing", 10);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_NE(missing.error().message.find("nothing"), std::string::npos);
    ASSERT_TRUE(write_file(folder.path() / "large", std::string(11, 'x')));
    EXPECT_EQ(read_file(folder.path() / "large", 10).error().code, Errc::invalid_input);
}

TEST(FileLock, IsHeldAgainstOtherProcessesAndNamesItsHolder) {
    const TemporaryFolder folder;
    const Path path = folder.path() / "lock";
    EXPECT_EQ(FileLock::holder(path).value(), std::nullopt);
    auto lock = FileLock::try_take(path).value();
    ASSERT_TRUE(lock);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        const bool seen =
            FileLock::holder(path).value() == parent && !FileLock::try_take(path).value();
        ::_exit(seen ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST(Subprocess, GivesOutputErrorsAndExitCode) {
    const auto finished = run({{"sh", "-c", "cat; echo oops >&2; exit 3"}, {}, "hello", {}},
                              Deadline::in(Seconds(10)))
                              .value();
    EXPECT_EQ(finished.output, "hello");
    EXPECT_EQ(finished.errors, "oops\n");
    EXPECT_EQ(finished.exit_code, 3);
}

TEST(Subprocess, HasTheEnvironmentItIsGivenAndNoOther) {
    std::vector<std::string> environment{"PATH=/usr/bin:/bin"};
    for (int i = 0; i < 50; ++i)
        environment.push_back(fmt::format("SQUALL_TEST_VARIABLE_WITH_A_LONG_NAME_{}={}", i, i));
    const auto done = run({{"env"}, environment, {}, {}}, Deadline::in(Seconds(10)));
    ASSERT_TRUE(done) << done.error().message;
    auto lines = split(done->output, '\n');
    lines.pop_back(); // what follows the last line's end
    EXPECT_EQ(lines, environment);
}

TEST(Subprocess, KillsTheWholeGroupWhenTheTimeIsUp) {
    const auto finished =
        run({{"sh", "-c", "sleep 1000 & wait"}, {}, {}, {}}, Deadline::in(Millis(100)));
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, Errc::timed_out);
}

TEST(Subprocess, EndsWhenAStopIsAskedFor) {
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    const auto finished =
        run({{"sleep", "1000"}, {}, {}, {}}, Deadline::in(Seconds(60)), stop.get_token());
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, Errc::interrupted);
}

TEST(Subprocess, SaysThatAProgramDoesNotExist) {
    const auto finished = run({{"squall-no-such-program"}, {}, {}, {}}, Deadline::in(Seconds(10)));
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, Errc::not_found);
    EXPECT_EQ(run_checked({{"sh", "-c", "echo no good >&2; exit 1"}, {}, {}, {}},
                          Deadline::in(Seconds(10)))
                  .error()
                  .message,
              "'sh -c echo no good >&2; exit 1' ended with 1: no good");
}

TEST(Subprocess, DropsOutputPastItsLimitAndGoesOn) {
    const auto finished =
        run({{"head", "-c", "6000000", "/dev/zero"}, {}, {}, {}}, Deadline::in(Seconds(30)))
            .value();
    EXPECT_EQ(finished.output.size(), command_output_max);
    EXPECT_EQ(finished.exit_code, 0);
}

TEST(Clock, WaitsEndAtOnceWhenStopped) {
    SystemClock clock;
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_FALSE(clock.wait_for(std::chrono::hours(1), stop.get_token()));
    EXPECT_TRUE(clock.wait_for(Millis(1), {}));
}

TEST(Deadline, NeverIsLaterThanEverything) {
    EXPECT_FALSE(Deadline::never().passed());
    EXPECT_EQ(Deadline::never().left(), Millis::max());
    const auto soon = Deadline::in(Millis(5));
    EXPECT_EQ(Deadline::never().sooner(soon).when(), soon.when());
    EXPECT_EQ(Deadline::at(SteadyTime{}).left(SteadyTime{} + Seconds(1)), Millis(0));
}

TEST(Json, RefusesANumberThatCouldNotBeWrittenAgain) {
    for (const char* text : {"77777e7777777", "[1e999]", "{\"a\":[-1e999]}"})
        EXPECT_FALSE(json::parse(text)) << text;
    EXPECT_TRUE(json::parse("1e308"));
}

TEST(Patterns, StandForAnyRunAndAnyOneCharacter) {
    EXPECT_TRUE(matches_pattern("*", ""));
    EXPECT_TRUE(matches_pattern("a*c*e", "abcde"));
    EXPECT_TRUE(matches_pattern("?b*", "ab"));
    EXPECT_TRUE(matches_pattern("a*bc", "abbcbc"));
    EXPECT_FALSE(matches_pattern("?", ""));
    EXPECT_FALSE(matches_pattern("abc", "ABC"));
    EXPECT_FALSE(matches_pattern("a*b", "abc"));
    // Whoever writes this to slow us down has to wait for nothing.
    EXPECT_FALSE(matches_pattern(std::string(2000, '*') + "b", std::string(20'000, 'a')));
}

} // namespace
} // namespace squall
