#include "squall/doctor/bundle.h"

#include "archives.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>

namespace squall::doctor {
namespace {

const std::string agent_log = "level=info time=2026-06-30T17:02:14Z msg=\"hello\"\n";

// As AWS's collector makes it, in one of tar's formats.
std::string collected(const TemporaryFolder& folder, const std::string& format) {
    const std::string long_name(140, 'n');
    const std::string top = "collect/i-0123456789abcdef0/";
    (void)folder.file(top + "ecs_agent_logs/ecs-agent.log", agent_log);
    (void)folder.file(top + "ecs-agent/ecs.config", "ECS_CLUSTER=prod\n");
    (void)folder.file(top + "empty.txt", "");
    (void)folder.file(top + "big.txt", std::string(200'000, 'x'));
    (void)folder.file(top + "var_log/" + long_name + "/" + long_name, "long");
    return output_of(
        {"tar", "-C", folder.path().string(), "--format=" + format, "-cf", "-", "collect"});
}

class OfFormat : public testing::TestWithParam<const char*> {};

TEST_P(OfFormat, AnArchiveOfTarIsRead) {
    const TemporaryFolder folder;
    const auto [files, read] = unpacked(collected(folder, GetParam()));
    EXPECT_EQ(files.at("ecs_agent_logs/ecs-agent.log"), agent_log);
    EXPECT_EQ(files.at("ecs-agent/ecs.config"), "ECS_CLUSTER=prod\n");
    EXPECT_EQ(files.at("empty.txt"), "");
    EXPECT_EQ(files.at("big.txt").size(), 200'000U);
    EXPECT_EQ(files.at("var_log/" + std::string(140, 'n') + "/" + std::string(140, 'n')), "long");
    EXPECT_EQ(read.files, 5U);
    EXPECT_FALSE(read.is_cut);
    EXPECT_TRUE(read.remarks.empty());
}

INSTANTIATE_TEST_SUITE_P(Bundle,
                         OfFormat,
                         testing::Values("gnu", "pax", "oldgnu", "posix"),
                         [](const auto& format) { return std::string(format.param); });

TEST(Bundle, GivesWhatThereIsOfAnArchiveThatBreaksOff) {
    const TemporaryFolder folder;
    const std::string whole = collected(folder, "gnu");
    for (std::size_t size = 600; size + 10'240 < whole.size(); size += 10'007) {
        const auto [files, read] = unpacked(whole.substr(0, size));
        EXPECT_TRUE(read.is_cut || read.files < 5) << size;
        std::size_t total = 0;
        for (const auto& [name, text] : files)
            total += text.size();
        EXPECT_LE(total, size);
    }
    // In the middle of a file: what has come of it is given, to the last byte.
    const std::size_t middle = whole.find(std::string(1000, 'x')) + 100'000;
    const auto [files, read] = unpacked(whole.substr(0, middle));
    EXPECT_EQ(files.at("big.txt").size(), 100'000U);
    EXPECT_TRUE(read.is_cut);
    ASSERT_EQ(read.remarks.size(), 1U);
    EXPECT_NE(read.remarks.front().find("big.txt"), std::string::npos) << read.remarks.front();
}

TEST(Bundle, RefusesWhatIsNoArchive) {
    const auto visit = [](const Member&, ByteSource&) -> Result<void> {
        return {};
    };
    for (const std::string& text : {agent_log,
                                    std::string(5000, 'x'),
                                    std::string("\x1f\x8b\x08 not yet decompressed"),
                                    std::string()}) {
        StringSource source(text);
        const auto read = read_bundle(source, visit);
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_EQ(read.error().code, Errc::failed);
    }
}

TEST(Bundle, LeavesOutLinksAndDevicesAndSaysSo) {
    const TemporaryFolder folder;
    (void)folder.file("collect/i-1/real.txt", "real");
    std::filesystem::create_symlink("/etc/shadow", folder / "collect/i-1/link.txt");
    std::filesystem::create_hard_link(folder / "collect/i-1/real.txt",
                                      folder / "collect/i-1/same.txt");
    ASSERT_EQ(::mkfifo((folder / "collect/i-1/pipe").c_str(), 0600), 0);
    const auto [files, read] =
        unpacked(output_of({"tar", "-C", folder.path().string(), "-cf", "-", "collect"}));
    EXPECT_EQ(files.size(), 1U);
    EXPECT_EQ(read.remarks.size(), 3U);
    EXPECT_FALSE(read.is_cut);
}

TEST(Bundle, NamesAreOnlyShownAndNeverOpened) {
    const TemporaryFolder folder;
    (void)folder.file("a", "text");
    const auto names = [&](const std::string& as) {
        const auto [files, read] = unpacked(output_of({"tar",
                                                       "-C",
                                                       folder.path().string(),
                                                       "-P",
                                                       "--transform",
                                                       "s,^a$," + as + ",",
                                                       "-cf",
                                                       "-",
                                                       "a"}));
        return files.begin()->first;
    };
    EXPECT_EQ(names("../../etc/passwd"), "../../etc/passwd");
    EXPECT_EQ(names("/etc/passwd"), "etc/passwd");
    EXPECT_EQ(names("x\x1b[31mred"), "x?[31mred");
    EXPECT_EQ(names("AKIAIOSFODNN7EXAMPLE"), "[redacted]");
    EXPECT_EQ(names("x\xc3\xa9y"), "x\xc3\xa9y");
    EXPECT_FALSE(std::filesystem::exists(folder / "../../etc/passwd-of-a-test"));
}

TEST(Bundle, NamesAreThoseOfPaxWhateverTheLocale) {
    const TemporaryFolder folder;
    (void)folder.file("collect/i-1/x\xc3\xa9y", "text");
    const auto [files, read] = unpacked(
        output_of({"tar", "-C", folder.path().string(), "--format=pax", "-cf", "-", "collect"}));
    EXPECT_EQ(files.begin()->first, "x\xc3\xa9y");
}

TEST(Bundle, LeavesHolesOut) {
    const TemporaryFolder folder;
    (void)folder.file("collect/i-1/holes.log", "begin\n");
    std::filesystem::resize_file(folder / "collect/i-1/holes.log", std::uint64_t{1} << 40U);
    const auto [files, read] =
        unpacked(output_of({"tar", "-C", folder.path().string(), "-S", "-cf", "-", "collect"}));
    EXPECT_LT(files.at("holes.log").size(), 100'000U);
    EXPECT_EQ(files.at("holes.log").substr(0, 6), "begin\n");
    EXPECT_EQ(read.remarks.size(), 1U);
}

TEST(Bundle, StopsAtItsLimits) {
    const TemporaryFolder folder;
    const std::string whole = collected(folder, "gnu");
    BundleLimits limits;
    limits.bytes_max = 50'000;
    const auto [files, read] = unpacked(whole, limits);
    EXPECT_TRUE(read.is_cut);
    EXPECT_LT(files.contains("big.txt") ? files.at("big.txt").size() : 0, 50'000U);
    limits = {};
    limits.members_max = 3;
    EXPECT_TRUE(unpacked(whole, limits).read.is_cut);
}

// One header that has no end: a member that says it is a long name of 8 GiB.
TEST(Bundle, KeepsNoHeaderWithoutEnd) {
    std::string header(512, '\0');
    header.replace(0, 13, "././@LongLink");
    header.replace(100, 7, "0000644");
    header.replace(124, 11, "77777777777");
    header[156] = 'L';
    header.replace(257, 8, "ustar  \0", 8);
    header.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : header)
        sum += static_cast<unsigned char>(c);
    header.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    StringSource source(header + std::string(10'000'000, 'n'));
    std::size_t files = 0;
    const auto visit = [&](const Member&, ByteSource&) -> Result<void> {
        ++files;
        return {};
    };
    [[maybe_unused]] const auto read = read_bundle(source, visit);
    EXPECT_EQ(files, 0U);
}

TEST(Bundle, PassesOnWhatTheVisitorSays) {
    const TemporaryFolder folder;
    StringSource source(collected(folder, "pax"));
    int visits = 0;
    const auto visit = [&](const Member&, ByteSource&) -> Result<void> {
        ++visits;
        return fail(Errc::interrupted, "enough");
    };
    const auto read = read_bundle(source, visit);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, Errc::interrupted);
    EXPECT_EQ(visits, 1);
}

TEST(Bundle, NamesAreThoseOfTheCollectorsLayout) {
    EXPECT_EQ(name_in_bundle("collect/i-1/ecs-agent/ecs.config"), "ecs-agent/ecs.config");
    EXPECT_EQ(name_in_bundle("./collect/i-1/mounts.txt"), "mounts.txt");
    EXPECT_EQ(name_in_bundle("other/mounts.txt"), "other/mounts.txt");
    EXPECT_EQ(name_in_bundle("collect/x"), "collect/x");
}

} // namespace
} // namespace squall::doctor
