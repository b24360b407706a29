#include "hosts/last_words.h"

#include "squall/base/temporary_folder.h"

#include <gtest/gtest.h>

namespace squall::lab {
namespace {

using Words = std::vector<std::string>;

TEST(LastWords, AreTheEndOfTheJournalOldestFirst) {
    const TemporaryFolder folder;
    const auto journal = folder.file("journal.jsonl",
                                     R"({"i":"systemd","s":"Starting ecs"})"
                                     "\n"
                                     R"({"i":"ecs-init","s":"no such cluster"})"
                                     "\n"
                                     R"({"i":"systemd","s":"ecs failed","o":true})"
                                     "\n");
    EXPECT_EQ(last_words(journal, 2), (Words{"ecs-init: no such cluster", "systemd: ecs failed"}));
    EXPECT_EQ(last_words(journal, 9).size(), 3U);
}

TEST(LastWords, LeaveOutALineThatIsBeingWritten) {
    const TemporaryFolder folder;
    const auto journal =
        folder.file("journal.jsonl", "{\"i\":\"systemd\",\"s\":\"whole\"}\n{\"i\":\"sys");
    EXPECT_EQ(last_words(journal, 5), Words{"systemd: whole"});
}

TEST(LastWords, AreNoneWithoutAJournal) {
    const TemporaryFolder folder;
    EXPECT_EQ(last_words(folder.path() / "none", 5), Words{});
    EXPECT_EQ(last_words(folder.file("empty", ""), 5), Words{});
}

} // namespace
} // namespace squall::lab
