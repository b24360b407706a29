#include "squall/sqlite/value.h"

#include <sqlite3.h>

namespace squall::sqlite {

bool Row::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Row::number(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Row::text_view(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    // The size is asked for after the text, which may be a conversion.
    return text == nullptr
               ? std::string_view()
               : std::string_view(
                   text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string Row::blob(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes == nullptr
               ? std::string()
               : std::string(bytes,
                             static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

} // namespace squall::sqlite
