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
    // "docker[1611]", as syslog and journald name it; views as `text` does.
    std::string_view writer;
    bool is_json = false; // the agent's own JSON: `text` is key=value already
};

// As Go's runtime begins what it says of a crash, and errors what they go on with.
[[nodiscard]] bool is_of_go(std::string_view text);
// Docker's stamp in front of a line and the blank behind it: it alone has nine digits of a fraction
// whatever they are. 0: none.
[[nodiscard]] std::size_t stamp_size(std::string_view text);
// Takes docker compose's "name  | " off.
[[nodiscard]] bool take_service(std::string_view& text);

// Takes all of them off.
void unwrap(Unwrapping& line, WallTime now);

} // namespace squall::doctor
