// The wrappings that a line of a log can come in, taken off one by one.
#pragma once

#include "logs/record.h"

#include <cstdint>
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
    std::string_view stream; // "stdout", "stderr", as Docker names it
    // "./ecs-agent.log" of grep, "ecs-agent-1  |" of docker compose: whose line it is.
    std::string_view source;
    std::optional<std::uint64_t> number; // of the line in its file, from grep -n
    bool is_json = false;                // the agent's own JSON: `text` is key=value already
    bool is_bare = true;                 // there was no wrapping
    bool is_indented = false;            // in its innermost wrapping
};

// As what has a form of its own begins: a level, a time, JSON.
[[nodiscard]] bool has_own_form(std::string_view text);
// As Go's runtime begins what it says of a crash, and errors what they go on with.
[[nodiscard]] bool is_of_go(std::string_view text);
// Either: something that a line of ours begins with.
[[nodiscard]] bool begins_record(std::string_view text);
// Docker's stamp in front of a line and the blank behind it: it alone has nine digits of a fraction
// whatever they are. 0: none.
[[nodiscard]] std::size_t stamp_size(std::string_view text);
// The line without its end, and without all of its wrappings. `now` tells the year where it does
// not; `source`: of the lines around it. What is given views `line`.
[[nodiscard]] Unwrapping
unwrapped(std::string_view line, WallTime now, std::string_view source = {});

} // namespace squall::doctor
