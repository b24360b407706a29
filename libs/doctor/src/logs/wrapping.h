// The wrappings that a line of a log can come in, taken off one by one.
#pragma once

#include "logs/record.h"

#include <list>

namespace squall::doctor {

// What is known of a line while it is unwrapped. `text` views the line, or something in `storage`.
struct Unwrapping {
    std::string_view text;
    std::list<std::string> storage; // what JSON held; they stay where they are
    std::optional<WallTime> when;   // of the innermost wrapping that tells one
    LogKind kind = LogKind::unknown;
    bool is_json = false; // the agent's own JSON: `text` is key=value already
};

// Takes all of them off.
void unwrap(Unwrapping& line, WallTime now);

} // namespace squall::doctor
