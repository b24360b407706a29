#include "runtime/json_log.h"
#include "runtime/log_file.h"
#include "squall/base/temporary_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

namespace squall::labhost::runtime {
namespace {

using Texts = std::vector<std::string>;

constexpr WallTime noon = WallTime(std::chrono::nanoseconds(1'795'000'000'000'000'005));

// One frame of Docker's stream format.
std::string frame(char stream, const std::string& payload) {
    std::string head(8, '\0');
    head[0] = stream;
    head[7] = static_cast<char>(payload.size());
    return head + payload;
}

TEST(LineCutter, MakesLinesOfWhateverPiecesComeIn) {
    LineCutter cutter;
    EXPECT_EQ(cutter.feed("a\nb"), Texts{"a\n"});
    EXPECT_EQ(cutter.feed("c"), Texts{});
    EXPECT_EQ(cutter.feed("d\n\ne"), (Texts{"bcd\n", "\n"}));
    EXPECT_EQ(cutter.take_rest(), "e");
    EXPECT_EQ(cutter.take_rest(), "");
}

TEST(LineCutter, CutsALineThatNeverEndsIntoPieces) {
    LineCutter cutter;
    const auto entries = cutter.feed(std::string(2 * log_piece_max + 1, 'x'));
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0], std::string(log_piece_max, 'x'));
    EXPECT_EQ(cutter.feed("\n"), Texts{"x\n"});
}

TEST(LogLine, HasDockersForm) {
    EXPECT_EQ(log_line({"say \"hi\"\n", Stream::errors, rfc3339_nanos(noon)}),
              "{\"log\":\"say \\\"hi\\\"\\n\",\"stream\":\"stderr\","
              "\"time\":\"2026-11-18T11:06:40.000000005Z\"}\n");
}

TEST(LogLine, IsReadBackWhateverBytesAContainerWrote) {
    const auto round_trip = [](const std::string& text) {
        return parse_log_line(log_line({text, Stream::output, "t"})).value().text;
    };
    std::string ascii(128, '\0');
    std::iota(ascii.begin(), ascii.end(), '\0');
    EXPECT_EQ(round_trip(ascii), ascii);
    EXPECT_EQ(round_trip("gr\u00fc\u00df\n"), "gr\u00fc\u00df\n");
    EXPECT_EQ(round_trip("a\xff\xc3z"), "a\uFFFD\uFFFDz") << "no UTF-8, so it cannot be JSON";
}

TEST(LogLine, IsNotReadFromWhatACrashCutOff) {
    EXPECT_FALSE(parse_log_line("{\"log\":\"cut of"));
    EXPECT_FALSE(parse_log_line(""));
}

TEST(MultiplexedLog, GivesTheStreamsThatWereAskedForWithTheirHeads) {
    const std::string file = log_line({"one\n", Stream::output, "t1"})
                             + log_line({"two\n", Stream::errors, "t2"}) + "{\"log\":\"cut";
    EXPECT_EQ(multiplexed_log(file, {true, true, false, {}}),
              frame(1, "one\n") + frame(2, "two\n"));
    EXPECT_EQ(multiplexed_log(file, {false, true, false, {}}), frame(2, "two\n"));
    EXPECT_EQ(multiplexed_log(file, {true, false, true, {}}), frame(1, "t1 one\n"));
    EXPECT_EQ(multiplexed_log(file, {true, true, false, 1}), frame(2, "two\n"));
    EXPECT_EQ(multiplexed_log(file, {true, true, false, 0}), "");
    EXPECT_EQ(multiplexed_log(file, {true, true, false, 99}).size(), 24U);
}

TEST(LogFile, HoldsNoMoreThanTwoFilesOfItsLimit) {
    const TemporaryFolder folder;
    const Path path = folder.path() / "x-json.log";
    constexpr std::size_t size_max = 1000;
    {
        LogFile log = LogFile::open(path, size_max).value();
        for (int i = 0; i < 100; ++i)
            log.write(Stream::output, fmt::format("line {}\n", i), noon);
        log.write(Stream::errors, "the end", noon);
        log.finish(noon);
    }
    std::size_t total = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        EXPECT_LE(entry.file_size(), size_max);
        total += entry.file_size();
    }
    EXPECT_GT(total, size_max);
    const auto text = multiplexed_log(read_log(path), {true, true, false, 2});
    EXPECT_EQ(text, frame(1, "line 99\n") + frame(2, "the end"));
}

TEST(LogFile, GoesOnWhereAnEarlierOneEnded) {
    const TemporaryFolder folder;
    const Path path = folder.path() / "x-json.log";
    LogFile::open(path).value().write(Stream::output, "first\n", noon);
    LogFile::open(path).value().write(Stream::output, "second\n", noon);
    EXPECT_EQ(multiplexed_log(read_log(path), {true, true, false, {}}),
              frame(1, "first\n") + frame(1, "second\n"));
    EXPECT_EQ(read_log(folder.path() / "none"), "");
}

} // namespace
} // namespace squall::labhost::runtime
