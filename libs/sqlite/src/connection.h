// SQLite's own handles, owned.
#pragma once

#include "squall/sqlite/database.h"

#include <sqlite3.h>

#include <map>

namespace squall::sqlite {

struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

struct Database::Connection {
    Connection(Path path, Schema described) : file(std::move(path)), schema(std::move(described)) {}

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    ~Connection() {
        // A connection with statements stays open behind the scenes.
        statements.clear();
        sqlite3_close_v2(handle);
    }

    // What SQLite says of its last failure, for an operator.
    [[nodiscard]] tl::unexpected<Error> error(std::string_view doing) const;
    [[nodiscard]] Result<StatementHandle> prepare(std::string_view sql) const;
    // The kept statement of this text, or a new one; it is the caller's until it is put back.
    [[nodiscard]] Result<StatementHandle> take(std::string_view sql);
    void put_back(std::string_view sql, StatementHandle statement);

    Path file;
    Schema schema;
    sqlite3* handle = nullptr;
    std::map<std::string, StatementHandle, std::less<>> statements; // null: taken just now
};

} // namespace squall::sqlite
