#include "connection.h"

namespace squall::sqlite {

tl::unexpected<Error> Database::Connection::error(std::string_view doing) const {
    const int code = sqlite3_errcode(handle);
    const int system = sqlite3_system_errno(handle);
    const bool is_ruined = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
    std::string advice;
    if (is_ruined) {
        advice = ": move the file away";
        if (!schema.when_ruined.empty()) advice += "; " + schema.when_ruined;
    }
    return squall::fail(
        Errc::failed,
        "{} the {} {}: {}{}{}",
        doing,
        schema.name,
        file.string(),
        sqlite3_errmsg(handle),
        code == SQLITE_CANTOPEN && system != 0 ? fmt::format(" ({})", errno_text(system)) : "",
        advice);
}

Result<StatementHandle> Database::Connection::prepare(std::string_view sql) const {
    sqlite3_stmt* raw = nullptr;
    // It is going to be used many times: SQLite takes its memory from elsewhere then.
    if (sqlite3_prepare_v3(handle,
                           sql.data(),
                           static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT,
                           &raw,
                           nullptr)
        != SQLITE_OK)
        return error("reading");
    SQUALL_ASSERT(raw != nullptr);
    return StatementHandle(raw);
}

Result<StatementHandle> Database::Connection::take(std::string_view sql) {
    const auto kept = statements.find(sql);
    // A null one is running: it was asked for again by a row of its own.
    if (kept != statements.end() && kept->second) return std::move(kept->second);
    auto made = prepare(sql);
    if (made && kept == statements.end() && statements.size() < statements_max)
        statements.emplace(std::string(sql), nullptr);
    return made;
}

void Database::Connection::put_back(std::string_view sql, StatementHandle statement) {
    sqlite3_reset(statement.get());
    // What was bound is borrowed, and is gone soon.
    sqlite3_clear_bindings(statement.get());
    const auto kept = statements.find(sql);
    if (kept != statements.end() && !kept->second) kept->second = std::move(statement);
}

} // namespace squall::sqlite
