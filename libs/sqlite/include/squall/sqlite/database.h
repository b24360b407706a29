// One file of SQLite: write-ahead log, a schema with a version, statements that are prepared once.
// What is committed survives the process and, where it is synced, the machine's power.
//
// Several processes may use a file at once; who would write waits up to five seconds for the
// others. An object of this class belongs to one thread.
#pragma once

#include "squall/base/file.h"
#include "squall/sqlite/value.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall::sqlite {

// When a commit is on the disk.
enum class Sync {
    every_commit, // before it is answered
    checkpoints,  // some time later: a loss of power may take the last ones back, never tear them
};

struct Schema {
    std::string name; // what messages call it: "journal"
    // Step i makes version i + 1 of version i: CREATE TABLE … and ALTER TABLE … A step that has
    // been released stays as it is.
    std::vector<std::string> steps;
    Sync sync = Sync::every_commit;
    // What an operator should know before he moves a ruined file away.
    std::string when_ruined;
};

class Database;

// Everything between its begin and its commit is done as one, or not at all: it is rolled back when
// it goes without a commit. One at a time for each database, which must outlive it.
class Transaction {
public:
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    // Rolled back where this fails. Once.
    [[nodiscard]] Result<void> commit();

private:
    friend class Database;

    explicit Transaction(Database& database) : database_(&database) {}

    Database* database_; // null when it is over
};

class Database {
public:
    using EachRow = std::function<void(const Row& row)>;

    // Statements that are kept prepared. More kinds than these are prepared each time.
    static constexpr std::size_t statements_max = 64;

    // The file is made where it is missing; its folder must be there. Its schema is brought up to
    // date. One that a newer squall wrote is refused.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const Path& file, Schema schema);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    // One statement, whose `?` are the arguments in their order; `each` gets every row of its
    // answer. It is prepared the first time and kept: the text is what it is known by, so that
    // values belong into the arguments.
    [[nodiscard]] Result<void>
    run(std::string_view sql, std::initializer_list<Argument> arguments, const EachRow& each = {});
    [[nodiscard]] Result<void>
    run(std::string_view sql, std::span<const Argument> arguments, const EachRow& each = {});

    // Several statements without arguments or rows, separated by semicolons. Nothing is kept.
    [[nodiscard]] Result<void> execute(const std::string& sql);

    // Takes the right to write at once, so that nothing in between fails for want of it.
    [[nodiscard]] Result<Transaction> begin();

    // Rows that the last INSERT, UPDATE or DELETE of `run` touched.
    [[nodiscard]] std::int64_t changed_rows() const;
    [[nodiscard]] const Path& file() const;
    // Statements that are kept now.
    [[nodiscard]] std::size_t kept_statements() const;

private:
    friend class Transaction;
    struct Connection;
    explicit Database(std::unique_ptr<Connection> connection);
    [[nodiscard]] Result<void> set_up();
    [[nodiscard]] Result<void> bring_up_to_date();

    std::unique_ptr<Connection> connection_;
};

} // namespace squall::sqlite
