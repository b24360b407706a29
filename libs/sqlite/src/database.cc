#include "squall/sqlite/database.h"

#include "connection.h"
#include "squall/base/fd.h"

#include <fcntl.h>

namespace squall::sqlite {
namespace {

constexpr int busy_timeout_ms = 5000;

// Lets a value be bound to one place of a statement.
struct Bind {
    sqlite3_stmt* statement;
    int position;

    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, position); }

    int operator()(std::int64_t value) const {
        return sqlite3_bind_int64(statement, position, value);
    }

    int operator()(double value) const { return sqlite3_bind_double(statement, position, value); }

    // An empty view may have no address, and that would be NULL.
    int operator()(std::string_view text) const {
        return sqlite3_bind_text64(statement,
                                   position,
                                   text.empty() ? "" : text.data(),
                                   text.size(),
                                   SQLITE_STATIC,
                                   SQLITE_UTF8);
    }

    int operator()(const Blob& blob) const {
        return sqlite3_bind_blob64(statement,
                                   position,
                                   blob.bytes.empty() ? "" : blob.bytes.data(),
                                   blob.bytes.size(),
                                   SQLITE_STATIC);
    }
};

bool bind(sqlite3_stmt* statement, std::span<const Argument> arguments) {
    int position = 1;
    for (const auto& argument : arguments) {
        if (std::visit(Bind{statement, position++}, argument) != SQLITE_OK) return false;
    }
    return true;
}

} // namespace

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    // Where SQLite has rolled it back by itself there is nothing to roll back, and it says so.
    if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
    SQUALL_ASSERT(database_ != nullptr);
    auto ended = database_->execute("COMMIT");
    // A transaction that cannot be ended must not swallow what comes after it.
    if (!ended) static_cast<void>(database_->execute("ROLLBACK"));
    database_ = nullptr;
    return ended;
}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const Path& file, Schema schema) {
    auto connection = std::make_unique<Connection>(file, std::move(schema));
    // SQLite would let everybody read it. What fails here fails again below, and is told there.
    static_cast<void>(Fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)));
    if (sqlite3_open_v2(
            file.c_str(), &connection->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr)
        != SQLITE_OK)
        return connection->error("opening");
    std::unique_ptr<Database> database(new Database(std::move(connection)));
    if (auto set = database->set_up(); !set) return fail(set.error());
    return database;
}

Result<void> Database::set_up() {
    sqlite3_busy_timeout(connection_->handle, busy_timeout_ms);
    const bool is_full = connection_->schema.sync == Sync::every_commit;
    if (auto set = execute(
            fmt::format("PRAGMA journal_mode=WAL; PRAGMA synchronous={}; PRAGMA foreign_keys=ON;",
                        is_full ? "FULL" : "NORMAL"));
        !set)
        return set;
    auto transaction = begin();
    if (!transaction) return fail(transaction.error());
    if (auto done = bring_up_to_date(); !done) return done;
    return transaction->commit();
}

Result<void> Database::bring_up_to_date() {
    std::int64_t version = 0;
    auto read = run("PRAGMA user_version", {}, [&](const Row& row) { version = row.integer(0); });
    if (!read) return read;
    std::int64_t tables = 0;
    auto counted = run(
        "SELECT count(*) FROM sqlite_master", {}, [&](const Row& row) { tables = row.integer(0); });
    if (!counted) return counted;
    if (version == 0 && tables > 0)
        return squall::fail(Errc::invalid_input,
                            "{} is not squall's {}: another program has made it",
                            connection_->file.string(),
                            connection_->schema.name);
    const auto& steps = connection_->schema.steps;
    const auto newest = static_cast<std::int64_t>(steps.size());
    if (version > newest)
        return squall::fail(Errc::failed,
                            "the {} {} was written by a newer squall: use that one",
                            connection_->schema.name,
                            connection_->file.string());
    for (auto step = version; step < newest; ++step) {
        if (auto done = execute(steps.at(static_cast<std::size_t>(step))); !done) return done;
    }
    return version == newest ? Result<void>()
                             : execute(fmt::format("PRAGMA user_version={}", newest));
}

Result<void> Database::execute(const std::string& sql) {
    if (sqlite3_exec(connection_->handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return connection_->error("writing to");
    return {};
}

Result<void> Database::run(std::string_view sql,
                           std::initializer_list<Argument> arguments,
                           const EachRow& each) {
    return run(sql, std::span(arguments.begin(), arguments.size()), each);
}

Result<void>
Database::run(std::string_view sql, std::span<const Argument> arguments, const EachRow& each) {
    auto taken = connection_->take(sql);
    if (!taken) return fail(taken.error());
    StatementHandle statement = std::move(*taken);
    SQUALL_ASSERT(static_cast<std::size_t>(sqlite3_bind_parameter_count(statement.get()))
                  == arguments.size());
    Result<void> done;
    if (bind(statement.get(), arguments)) {
        int step = sqlite3_step(statement.get());
        for (; step == SQLITE_ROW; step = sqlite3_step(statement.get())) {
            if (each) each(Row(statement.get()));
        }
        if (step != SQLITE_DONE) done = connection_->error("using");
    } else {
        done = connection_->error("using");
    }
    connection_->put_back(sql, std::move(statement));
    return done;
}

Result<Transaction> Database::begin() {
    if (auto begun = execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
    return Transaction(*this);
}

std::int64_t Database::changed_rows() const { return sqlite3_changes64(connection_->handle); }

const Path& Database::file() const { return connection_->file; }

std::size_t Database::kept_statements() const { return connection_->statements.size(); }

} // namespace squall::sqlite
