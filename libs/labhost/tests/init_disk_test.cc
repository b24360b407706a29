#include "init/journal.h"
#include "init/journal_text.h"
#include "init/unit_folder.h"
#include "squall/base/temporary_folder.h"
#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace squall::labhost::init {
namespace {

class Folder : public testing::Test {
protected:
    void put(const std::string& path, const std::string& text) {
        const Path file = root.string() + path;
        std::filesystem::create_directories(file.parent_path());
        ASSERT_TRUE(write_file(file, text));
    }

    const TemporaryFolder folder;
    const Path& root = folder.path();
    UnitFolder units{root};
};

TEST_F(Folder, FindsAUnitWithItsDropInsInTheirOrder) {
    put("/etc/systemd/system/a.service", "[Service]\nExecStart=/x\n");
    put("/etc/systemd/system/a.service.d/20.conf", "[Unit]\nDescription=second\n");
    put("/etc/systemd/system/a.service.d/10.conf", "[Unit]\nDescription=first\n");
    put("/etc/systemd/system/a.service.d/notes.txt", "[Unit]\nDescription=no\n");
    const auto loaded = units.load("a.service");
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->settings.description, "second");
    EXPECT_EQ(loaded->fragment, "/etc/systemd/system/a.service") << "without the root";
    EXPECT_EQ(loaded->drop_ins,
              (std::vector<std::string>{"/etc/systemd/system/a.service.d/10.conf",
                                        "/etc/systemd/system/a.service.d/20.conf"}));
    EXPECT_FALSE(loaded->is_transient);
}

TEST_F(Folder, SaysWhichUnitIsNotThere) {
    for (const char* name : {"nope.service", "multi-user.target", "../../etc/passwd", "x"}) {
        const auto loaded = units.load(name);
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error().code, Errc::not_found);
    }
    EXPECT_EQ(units.load("nope.service").error().message, "Unit nope.service not found.");
}

TEST_F(Folder, ReadsAnInstanceFromItsTemplate) {
    put("/etc/systemd/system/w@.service", "[Service]\nExecStart=/x %i\n");
    const auto loaded = units.load("w@5.service");
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->settings.service().start[0].words.back(), "5");
    EXPECT_EQ(loaded->fragment, "/etc/systemd/system/w@.service");
}

TEST_F(Folder, NoticesAFileThatHasChanged) {
    put("/etc/systemd/system/a.service", "[Service]\nExecStart=/x\n");
    const std::string before = units.load("a.service")->fingerprint;
    EXPECT_EQ(units.load("a.service")->fingerprint, before);
    put("/etc/systemd/system/a.service.d/x.conf", "[Unit]\nDescription=x\n");
    EXPECT_NE(units.load("a.service")->fingerprint, before);
}

TEST_F(Folder, EnablesWithALinkAndDisablesWithoutIt) {
    put("/etc/systemd/system/a.service",
        "[Service]\nExecStart=/x\n[Install]\nWantedBy=multi-user.target\n");
    put("/etc/systemd/system/static.service", "[Service]\nExecStart=/x\n");
    EXPECT_EQ(units.file_state("a.service"), "disabled");
    EXPECT_EQ(units.file_state("static.service"), "static");
    const auto enabled = units.enable("a.service");
    ASSERT_TRUE(enabled);
    ASSERT_EQ(enabled->size(), 1U);
    EXPECT_EQ(enabled->front().path, "/etc/systemd/system/multi-user.target.wants/a.service");
    EXPECT_EQ(units.file_state("a.service"), "enabled");
    EXPECT_EQ(units.enabled(), std::vector<std::string>{"a.service"});
    EXPECT_TRUE(units.enable("a.service")->empty()) << "twice is as good as once";
    EXPECT_EQ(units.disable("a.service")->size(), 1U);
    EXPECT_TRUE(units.disable("a.service")->empty());
    EXPECT_TRUE(units.enable("static.service")->empty());
    EXPECT_EQ(units.enable("nope.service").error().message,
              "Unit file nope.service does not exist.");
    EXPECT_FALSE(units.disable("nope.service"));
    EXPECT_EQ(units.list(),
              (std::vector<std::pair<std::string, std::string>>{{"a.service", "disabled"},
                                                                {"static.service", "static"}}));
}

TEST_F(Folder, KeepsTransientUnitsApart) {
    ASSERT_TRUE(units.write_transient("t.service", "[Service]\nExecStart=/x\n"));
    EXPECT_TRUE(units.load("t.service")->is_transient);
    EXPECT_EQ(units.file_state("t.service"), "transient");
    EXPECT_FALSE(units.enable("t.service"));
    EXPECT_TRUE(units.list().empty());
    units.remove_all_transient();
    EXPECT_FALSE(units.load("t.service"));
}

JournalEntry entry(const std::string& text) {
    JournalEntry made;
    made.wall_micros = 1'795'229'653'815'576;
    made.monotonic_micros = 42;
    made.unit = "a.service";
    made.identifier = "sh";
    made.pid = 78;
    made.text = text;
    return made;
}

std::vector<JournalEntry> all_of(const Path& file) {
    auto entries = read_journal(file, [](const JournalEntry&) { return true; });
    return entries ? *entries : std::vector<JournalEntry>();
}

TEST_F(Folder, HoldsAJournalThatIsReadAsItWasWritten) {
    const Path file = root / "log/journal.jsonl";
    EXPECT_TRUE(all_of(file).empty());
    JournalWriter journal(file);
    journal.append(entry("hello"));
    journal.append(entry("bytes \xff\x01 \"quoted\" \u00e9"));
    const auto entries = all_of(file);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].text, "hello");
    EXPECT_EQ(entries[0].pid, 78);
    EXPECT_EQ(entries[0].wall_micros, 1'795'229'653'815'576);
    EXPECT_EQ(entries[1].text, "bytes ?\x01 \"quoted\" ??");
    EXPECT_EQ(journal_line(entries[0], JournalFormat::brief, "host"),
              "Nov 21 02:54:13 host sh[78]: hello\n");
    EXPECT_EQ(journal_line(entries[0], JournalFormat::precise, "host"),
              "Nov 21 02:54:13.815576 host sh[78]: hello\n");
    EXPECT_EQ(journal_line(entries[0], JournalFormat::iso, "host"),
              "2026-11-21T02:54:13+0000 host sh[78]: hello\n");
    EXPECT_EQ(journal_line(entries[0], JournalFormat::bare, "host"), "hello\n");
}

TEST_F(Folder, KeepsItsJournalWithinBoundsAndTheNewestLinesInIt) {
    const Path file = root / "log/journal.jsonl";
    constexpr std::size_t size_max = 20'000;
    JournalWriter journal(file, size_max);
    for (int i = 0; i < 1000; ++i) {
        journal.append(entry("line " + std::to_string(i)));
        ASSERT_LE(std::filesystem::file_size(file), size_max);
    }
    const auto entries = all_of(file);
    ASSERT_GT(entries.size(), 50U);
    EXPECT_EQ(entries.back().text, "line 999");
    for (std::size_t i = 1; i < entries.size(); ++i)
        EXPECT_EQ(*to_integer(entries[i].text.substr(5)),
                  *to_integer(entries[i - 1].text.substr(5)) + 1);
}

TEST_F(Folder, CutsLinesThatAreTooLong) {
    const Path file = root / "log/journal.jsonl";
    JournalWriter journal(file);
    journal.append(entry(std::string(journal_line_max * 2 + 10, 'x')));
    const auto entries = all_of(file);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].text.size(), journal_line_max);
    EXPECT_EQ(entries[2].text.size(), 10U);
}

TEST_F(Folder, SkipsJournalLinesThatCannotBeRead) {
    const Path file = root / "journal.jsonl";
    put("/journal.jsonl", "{\"s\":\"one\"}\nnot json\n\n[1]\n{\"s\":\"two\"}\n{\"s\":\"torn");
    const auto entries = all_of(file);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[1].text, "two");
}

} // namespace
} // namespace squall::labhost::init
