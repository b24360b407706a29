// Logs of one host in one stream, the newest first: `cat ecs-agent.log*` gives the current file
// before its rolls. What came last stands at the beginning then.
#pragma once

#include "squall/doctor/scan.h"

namespace squall::doctor {

// The stream goes on at a time so long before that another file may begin here.
[[nodiscard]] bool may_begin_piece(const std::optional<WallTime>& before,
                                   const std::optional<WallTime>& when);

struct StreamTimes {
    std::optional<WallTime> begin; // of its first record that has a time
    std::optional<WallTime> end;   // of its last
};

// Puts the segments into the order of their files' times, where these show that the newest stands
// first. Else its pieces are one log again, in the order of its lines, as where a clock was set
// back. True where it has changed the order: what came last, the log's last time, is the end of the
// first piece then.
[[nodiscard]] bool put_in_order(ScannedLog& log, const StreamTimes& times);

} // namespace squall::doctor
