// What grep and docker compose put in front of lines to say where they are from.
#pragma once

#include "logs/wrapping.h"

namespace squall::doctor {

// Each takes it off, and says it in `line`; false where there is none. These two know it by what is
// behind it, which must be the beginning of a record.
[[nodiscard]] bool take_grep_prefix(Unwrapping& line);
[[nodiscard]] bool take_line_number(Unwrapping& line);
[[nodiscard]] bool take_compose_prefix(Unwrapping& line);
// As the lines around it have it, whatever is behind it.
[[nodiscard]] bool take_source(Unwrapping& line, std::string_view source);

// It begins as lines do that have one. Where what is behind it begins no record, only the lines
// around it can tell.
[[nodiscard]] bool may_have_source(std::string_view line);

} // namespace squall::doctor
