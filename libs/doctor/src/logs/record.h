// One record of a log, out of whatever it was wrapped in: docker's json-file, journald, syslog,
// dmesg, the grep of a collector, the agent's own JSON; with Go's quoting undone.
#pragma once

#include "squall/base/clock.h"
#include "squall/doctor/log_kind.h"

#include <optional>
#include <string>
#include <string_view>

namespace squall::doctor {

enum class Level { none, debug, info, warn, error, critical };

// In whatever case; none where it is the name of none.
[[nodiscard]] Level level_named(std::string_view name);

struct Record {
    // On one line: what signatures are held against. Members of JSON as key=value.
    std::string text;
    Level level = Level::none;
    std::optional<WallTime> when;
    LogKind kind = LogKind::unknown; // as far as the record itself tells
    std::string writer;              // "docker[1611]", where syslog or journald says so
    // Written as the agent and ecs-init write, whichever file it is in.
    bool has_agents_form = false;
};

// `lines` is one record, several lines where it has continuations; `now` tells the year where the
// log does not.
[[nodiscard]] Record parse_record(std::string_view lines, WallTime now);

// ANSI colours and other controls taken out, invalid UTF-8 replaced: what people are shown.
[[nodiscard]] std::string shown(std::string_view lines);
// At most `size_max` bytes of valid UTF-8; what is cut ends behind a word, with "…".
[[nodiscard]] std::string cut(std::string text, std::size_t size_max);

} // namespace squall::doctor
