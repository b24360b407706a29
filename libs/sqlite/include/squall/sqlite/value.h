// What goes into a statement, and what comes out of its rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

struct sqlite3_stmt;

namespace squall::sqlite {

// Bytes that are no text.
struct Blob {
    std::string_view bytes;
};

// Texts and bytes are borrowed for the call that they are given to. `nullptr` is NULL.
using Argument = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;

// One row of an answer, while it is looked at. Columns count from 0; of another type than asked
// for, SQLite converts (NULL is empty, and 0).
class Row {
public:
    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}

    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double number(int column) const;
    // As long as the row is looked at.
    [[nodiscard]] std::string_view text_view(int column) const;

    [[nodiscard]] std::string text(int column) const { return std::string(text_view(column)); }

    [[nodiscard]] std::string blob(int column) const;

private:
    sqlite3_stmt* statement_;
};

} // namespace squall::sqlite
