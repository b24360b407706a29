#include "squall/sqlite/database.h"

#include "squall/base/text.h"

#include <gtest/gtest.h>

#include <fstream>

namespace squall::sqlite {
namespace {

class DatabaseTest : public testing::Test {
protected:
    DatabaseTest()
        : folder(std::filesystem::temp_directory_path() / ("squall-sqlite-" + random_hex(12))),
          file(folder / "test.db") {
        std::filesystem::create_directories(folder);
    }

    ~DatabaseTest() override { std::filesystem::remove_all(folder); }

    static Schema schema() {
        return {"log", {"CREATE TABLE lines (number INTEGER PRIMARY KEY, text TEXT)"}};
    }

    auto open() { return Database::open(file, schema()); }

    static std::vector<std::string> lines(Database& database) {
        std::vector<std::string> found;
        EXPECT_TRUE(database.run("SELECT text FROM lines ORDER BY number", {}, [&](const Row& row) {
            found.push_back(row.text(0));
        }));
        return found;
    }

    static Result<void> add(Database& database, std::int64_t number, std::string_view text) {
        return database.run("INSERT INTO lines(number, text) VALUES(?, ?)", {number, text});
    }

    Path folder;
    Path file;
};

using Lines = std::vector<std::string>;

TEST_F(DatabaseTest, WhatWasWrittenIsThereWhenTheFileIsOpenedAgain) {
    {
        auto database = open().value();
        ASSERT_TRUE(add(*database, 2, "second"));
        ASSERT_TRUE(add(*database, 1, "first"));
        EXPECT_EQ(database->changed_rows(), 1);
        EXPECT_EQ(database->file(), file);
    }
    EXPECT_EQ(lines(*open().value()), (Lines{"first", "second"}));
}

TEST_F(DatabaseTest, EveryTypeGoesInAndComesOutAsItWas) {
    auto database = open().value();
    ASSERT_TRUE(database->execute("CREATE TABLE kinds (i, d, t, b, n, empty_text, empty_blob)"));
    const std::string text("na\0me", 5);
    const std::string bytes("\x00\xff\x80", 3);
    ASSERT_TRUE(database->run("INSERT INTO kinds VALUES(?,?,?,?,?,?,?)",
                              {std::int64_t{-5'000'000'000},
                               0.1,
                               text,
                               Blob{bytes},
                               nullptr,
                               std::string_view(),
                               Blob{}}));
    int rows = 0;
    const auto look = [&](const Row& row) {
        ++rows;
        EXPECT_EQ(row.integer(0), -5'000'000'000);
        EXPECT_EQ(row.number(1), 0.1);
        EXPECT_EQ(row.text(2), text);
        EXPECT_EQ(row.blob(3), bytes);
        EXPECT_TRUE(row.is_null(4));
        EXPECT_EQ(row.text(4), "");
        EXPECT_EQ(row.integer(4), 0);
        EXPECT_FALSE(row.is_null(5)) << "an empty text is no NULL";
        EXPECT_FALSE(row.is_null(6)) << "nor are no bytes";
        EXPECT_EQ(row.blob(6), "");
    };
    ASSERT_TRUE(database->run("SELECT * FROM kinds", {}, look));
    EXPECT_EQ(rows, 1);
}

TEST_F(DatabaseTest, AConnectionThatDiesInATransactionLeavesNothingOfIt) {
    auto first = open().value();
    ASSERT_TRUE(add(*first, 1, "kept"));
    auto transaction = first->begin();
    ASSERT_TRUE(transaction);
    // More than the cache holds, so that some of it is in the log already.
    ASSERT_TRUE(first->execute("PRAGMA cache_size=2"));
    for (int i = 2; i < 2000; ++i)
        ASSERT_TRUE(add(*first, i, "half done"));
    EXPECT_GT(std::filesystem::file_size(file.string() + "-wal"), 10'000U);
    // What lies on the disk now is what a process leaves that is killed here.
    const Path copy = folder / "copy.db";
    std::filesystem::copy_file(file, copy);
    std::filesystem::copy_file(file.string() + "-wal", copy.string() + "-wal");
    auto survivor = Database::open(copy, schema()).value();
    EXPECT_EQ(lines(*survivor), Lines{"kept"});
    EXPECT_TRUE(add(*survivor, 2, "again")) << "nobody holds the right to write any more";
}

TEST_F(DatabaseTest, ATransactionWithoutACommitIsRolledBack) {
    auto database = open().value();
    {
        auto transaction = database->begin();
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(add(*database, 1, "never meant"));
        // What it was moved to ends it, once.
        const Transaction moved = std::move(*transaction);
        EXPECT_EQ(lines(*database), Lines{"never meant"});
    }
    EXPECT_TRUE(lines(*database).empty());
    auto transaction = database->begin();
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(add(*database, 1, "meant"));
    EXPECT_TRUE(transaction->commit());
    EXPECT_EQ(lines(*database), Lines{"meant"});
}

TEST_F(DatabaseTest, ThereIsOneTransactionAtATime) {
    auto database = open().value();
    const auto transaction = database->begin();
    ASSERT_TRUE(transaction);
    const auto second = database->begin();
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("within a transaction"), std::string::npos)
        << second.error().message;
}

TEST_F(DatabaseTest, ACommitThatFailsIsRolledBackAndTheNextOneSucceeds) {
    auto database = open().value();
    ASSERT_TRUE(database->execute("CREATE TABLE notes (line INTEGER REFERENCES lines(number) "
                                  "DEFERRABLE INITIALLY DEFERRED)"));
    auto transaction = database->begin();
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(add(*database, 1, "with it"));
    ASSERT_TRUE(database->run("INSERT INTO notes VALUES(?)", {std::int64_t{9}}));
    EXPECT_NE(transaction->commit().error().message.find("FOREIGN KEY"), std::string::npos);
    EXPECT_TRUE(lines(*database).empty());
    EXPECT_TRUE(add(*database, 1, "alone"));
}

TEST_F(DatabaseTest, AStatementIsPreparedOnceAndNotMoreThanSomeAreKept) {
    auto database = open().value();
    const auto before = database->kept_statements();
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(add(*database, i, "line"));
    EXPECT_EQ(database->kept_statements(), before + 1);
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(database->run(fmt::format("SELECT {}", i), {}));
    EXPECT_EQ(database->kept_statements(), Database::statements_max);
    std::int64_t answer = 0;
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(
            database->run("SELECT 4242", {}, [&](const Row& row) { answer += row.integer(0); }));
    EXPECT_EQ(answer, 2 * 4242) << "one that is not kept";
}

TEST_F(DatabaseTest, ARowMayAskTheSameQuestionAgain) {
    auto database = open().value();
    for (int i = 1; i <= 3; ++i)
        ASSERT_TRUE(add(*database, i, std::to_string(i)));
    std::string seen;
    const auto ask = [&](std::int64_t from, const Database::EachRow& each) {
        return database->run(
            "SELECT number FROM lines WHERE number >= ? ORDER BY number", {from}, each);
    };
    ASSERT_TRUE(ask(1, [&](const Row& outer) {
        seen += std::to_string(outer.integer(0)) + ":";
        EXPECT_TRUE(ask(outer.integer(0),
                        [&](const Row& inner) { seen += std::to_string(inner.integer(0)); }));
        seen += " ";
    }));
    EXPECT_EQ(seen, "1:123 2:23 3:3 ");
}

TEST_F(DatabaseTest, AFailedStatementSaysWhyAndCanBeUsedAgain) {
    auto database = open().value();
    ASSERT_TRUE(add(*database, 1, "first"));
    const auto twice = add(*database, 1, "again");
    ASSERT_FALSE(twice);
    EXPECT_EQ(
        twice.error().message,
        fmt::format("using the log {}: UNIQUE constraint failed: lines.number", file.string()));
    EXPECT_TRUE(add(*database, 2, "second"));
    EXPECT_EQ(database->run("SELECT * FROM nowhere", {}).error().message,
              fmt::format("reading the log {}: no such table: nowhere", file.string()));
    EXPECT_EQ(lines(*database), (Lines{"first", "second"}));
}

TEST_F(DatabaseTest, ASchemaGrowsStepByStepAndKeepsWhatIsThere) {
    ASSERT_TRUE(add(*open().value(), 1, "old"));
    auto grown = schema();
    grown.steps.emplace_back("ALTER TABLE lines ADD COLUMN at INTEGER NOT NULL DEFAULT 7");
    {
        auto database = Database::open(file, grown).value();
        std::int64_t at = 0;
        ASSERT_TRUE(database->run(
            "SELECT at FROM lines", {}, [&](const Row& row) { at = row.integer(0); }));
        EXPECT_EQ(at, 7);
    }
    EXPECT_TRUE(Database::open(file, grown)) << "a step is not done twice";
}

TEST_F(DatabaseTest, AFileOfAnotherProgramIsRefusedAndLeftAsItIs) {
    auto made = Database::open(file, {"log", {}}).value();
    ASSERT_TRUE(made->run("CREATE TABLE theirs (x)", {}, [](const Row&) {}));
    const auto refused = open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_input);
    auto theirs = Database::open(file, {"log", {}});
    EXPECT_FALSE(theirs) << "of no schema at all, either";
}

TEST_F(DatabaseTest, ANewerSchemaIsRefusedAndLeftAsItIs) {
    auto grown = schema();
    grown.steps.emplace_back("CREATE TABLE more (x)");
    ASSERT_TRUE(Database::open(file, grown));
    EXPECT_EQ(open().error().message,
              fmt::format("the log {} was written by a newer squall: use that one", file.string()));
    EXPECT_TRUE(Database::open(file, grown));
}

TEST_F(DatabaseTest, AStepThatFailsLeavesTheSchemaAsItWas) {
    auto broken = schema();
    broken.steps.emplace_back("CREATE TABLE more (x); CREATE TABLE lines (y)");
    EXPECT_FALSE(Database::open(file, broken));
    auto database = Database::open(file, {"log", {}}).value();
    std::int64_t tables = -1;
    ASSERT_TRUE(database->run("SELECT count(*) FROM sqlite_master", {}, [&](const Row& row) {
        tables = row.integer(0);
    }));
    EXPECT_EQ(tables, 0) << "not even the first step";
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseSaysSoAndWhatToDo) {
    std::ofstream(file) << "this is a text that somebody wrote, and it is long enough for a header "
                           "of a hundred bytes and more";
    auto described = schema();
    EXPECT_EQ(Database::open(file, described).error().message,
              fmt::format("writing to the log {}: file is not a database: move the file away",
                          file.string()));
    described.when_ruined = "nothing is lost by that";
    EXPECT_TRUE(Database::open(file, described)
                    .error()
                    .message.ends_with(": move the file away; nothing is lost by that"));
}

TEST_F(DatabaseTest, AFolderThatIsNotThereIsSaid) {
    const auto opened = Database::open(folder / "missing" / "x.db", schema());
    EXPECT_EQ(opened.error().message,
              fmt::format("opening the log {}: unable to open database file (No such file or "
                          "directory)",
                          (folder / "missing" / "x.db").string()));
}

} // namespace
} // namespace squall::sqlite
