#include "squall/doctor/byte_source.h"

#include "corpus.h"

#include <zlib.h>

#include <cstdlib>

namespace squall::doctor {
namespace {

std::string packed(const std::string& text) {
    z_stream stream{};
    constexpr int gzip_window = 15 + 16;
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string in = text;
    std::string out(text.size() + 1024, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(in.data()); // NOLINT: zlib's bytes are unsigned
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data()); // NOLINT: as above
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string all_of(ByteSource& source, std::string& trouble) {
    std::string all;
    std::array<char, 777> some{};
    for (;;) {
        const auto got = source.read(some);
        if (!got) trouble = got.error().message;
        if (!got || *got == 0) return all;
        all.append(some.data(), *got);
    }
}

std::string all_of(ByteSource& source) {
    std::string trouble;
    const std::string all = all_of(source, trouble);
    EXPECT_EQ(trouble, "");
    return all;
}

std::string through(const std::string& bytes, std::size_t at_once) {
    const auto source = decompressed(std::make_unique<StringSource>(bytes, at_once));
    return all_of(*source);
}

// What there was, and what the end of it was.
std::pair<std::string, std::string> as_far_as_it_goes(const std::string& bytes) {
    const auto source = decompressed(std::make_unique<StringSource>(bytes, 4096));
    std::string trouble;
    std::string all = all_of(*source, trouble);
    return {all, trouble};
}

std::string long_text() {
    std::string text;
    for (int i = 0; i < 20'000; ++i)
        text += fmt::format("line {} of a log\n", i);
    return text;
}

TEST(ByteSource, GivesPlainBytesAsTheyAre) {
    for (const std::size_t at_once : {1U, 7U, 100'000U}) {
        EXPECT_EQ(through("", at_once), "");
        EXPECT_EQ(through("x", at_once), "x");
        EXPECT_EQ(through("\x1f", at_once), "\x1f");
        EXPECT_EQ(through("plain text", at_once), "plain text");
    }
}

TEST(ByteSource, DecompressesGzipOfSeveralMembers) {
    const std::string text = long_text();
    for (const std::size_t at_once : {1U, 1000U, 1'000'000U})
        EXPECT_EQ(through(packed(text) + packed("the end\n"), at_once), text + "the end\n");
}

TEST(ByteSource, GivesWhatThereIsOfACutOrDamagedArchiveAndSaysThatItIs) {
    const std::string text = long_text();
    const std::string whole = packed(text);
    for (const std::size_t size : {whole.size() / 2, whole.size() - 1, std::size_t{10}}) {
        const auto [got, trouble] = as_far_as_it_goes(whole.substr(0, size));
        EXPECT_TRUE(text.starts_with(got)) << size;
        EXPECT_NE(trouble.find("cut short"), std::string::npos) << size << trouble;
    }
    EXPECT_FALSE(as_far_as_it_goes(whole.substr(0, whole.size() / 2)).first.empty());
    std::string damaged = whole;
    damaged.replace(whole.size() / 2, 64, std::string(64, '\xff'));
    const auto [before, trouble] = as_far_as_it_goes(damaged);
    EXPECT_TRUE(text.starts_with(before.substr(0, 1000)));
    EXPECT_NE(trouble.find("damaged"), std::string::npos) << trouble;
}

TEST(ByteSource, LeavesAloneWhatLiesBehindAnArchive) {
    const std::string text = long_text();
    EXPECT_EQ(through(packed(text) + "no gzip behind it", 4096), text);
    EXPECT_EQ(through(packed(text) + std::string(512, '\0'), 4096), text);
}

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "doctor-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }

    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] Path with(const std::string& name, const std::string& text) const {
        EXPECT_TRUE(write_file(path_ / name, text));
        return path_ / name;
    }

    [[nodiscard]] const Path& path() const { return path_; }

private:
    Path path_;
};

TEST(ByteSource, OfAFileThatIsTooLongGivesItsEnd) {
    const Folder folder;
    const auto opened = open_log(folder.with("a.log", "0123456789"), 4);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->skipped, 6U);
    EXPECT_EQ(all_of(*opened->bytes), "6789");
}

TEST(ByteSource, OfACompressedFileGivesAllOfIt) {
    const Folder folder;
    const auto opened = open_log(folder.with("a.log.gz", packed("0123456789")), 4);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->skipped, 0U);
    EXPECT_EQ(all_of(*opened->bytes), "0123456789");
}

struct Packed {
    std::string bytes;
    std::string words;
};

TEST(ByteSource, OfWhatIsPackedOtherwiseSaysHowToUnpackIt) {
    using std::string_literals::operator""s;
    for (const Packed& each : {Packed{"PK\x03\x04\x14\0\0\0"s, "it is a zip archive"},
                               Packed{"\xFD\x37zXZ\0\0\x04"s, "`unxz FILE`"},
                               Packed{"BZh91AY&SY\x01"s, "`bunzip2 FILE`"},
                               Packed{"\x28\xB5\x2F\xFD\x04"s, "`unzstd FILE`"}}) {
        const std::string text = each.bytes + std::string(40, 'x');
        const Folder folder;
        // As long as it may be, and longer than what is read of a log.
        for (const std::uint64_t budget : {1000U, 20U}) {
            const auto opened = open_log(folder.with("a.log", text), budget);
            ASSERT_TRUE(opened);
            std::array<char, 8> into{};
            const auto got = opened->bytes->read(into);
            ASSERT_FALSE(got) << each.words;
            EXPECT_NE(got.error().message.find(each.words), std::string::npos)
                << got.error().message;
        }
    }
    for (const char* log : {"BZh is no word", "PK", "7z", "B", ""}) {
        const auto bytes = decompressed(source_of_text(log));
        EXPECT_EQ(all_of(*bytes), log);
    }
}

TEST(ByteSource, KnowsAnArchiveFromALog) {
    const Folder folder;
    std::string tar(1024, '\0');
    tar.replace(257, 5, "ustar");
    EXPECT_TRUE(is_archive(folder.with("a.tar", tar)));
    EXPECT_TRUE(is_archive(folder.with("a.tgz", packed(tar))));
    EXPECT_FALSE(is_archive(folder.with("a.log", std::string(1000, 'x'))));
    EXPECT_FALSE(is_archive(folder.with("short.log", "ustar")));
    EXPECT_FALSE(is_archive(folder.path()));
}

TEST(ByteSource, OfAFolderOrOfNothingSaysWhy) {
    const Folder folder;
    const auto of_folder = open_log(folder.path(), 100);
    ASSERT_FALSE(of_folder);
    EXPECT_NE(of_folder.error().message.find("is a folder"), std::string::npos);
    const auto of_nothing = open_log(folder.path() / "no.log", 100);
    ASSERT_FALSE(of_nothing);
    EXPECT_EQ(of_nothing.error().code, Errc::not_found);
}

} // namespace
} // namespace squall::doctor
