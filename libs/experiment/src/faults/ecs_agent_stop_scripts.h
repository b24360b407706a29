// What ecs-agent-stop has a Linux host do. POSIX sh, and no flag newer than systemd 219, so that
// Amazon Linux 2 runs it as it is. What it shares with other faults is in hold_script.h.
#pragma once

#include "squall/experiment/fault.h"

#include <string>

namespace squall::experiment {

// How long the scripts may take: a stop of the agent is a matter of seconds, of a minute at the
// worst.
inline constexpr Seconds agent_script_time_limit{100};

// Arms the undo, then stops the agent, then prints one line of JSON. Does nothing when it is too
// late, when the run is over, when the host has started anew after `issued_at`, when another run
// holds the host, and when the agent is not running. Times are seconds since 1970.
[[nodiscard]] std::string agent_stop_script(const std::string& run,
                                            const std::string& issued_at,
                                            const std::string& not_after,
                                            const std::string& restore_at,
                                            const std::string& longest);

// Starts the agent if this run stopped it; from every state, and any number of times. Until
// `not_after` (seconds since 1970, as in the order to stop) an order to stop that still comes is
// void. With `is_certain` "yes" also where somebody has removed what the host had written down.
[[nodiscard]] std::string agent_start_script(const std::string& run,
                                             const std::string& not_after,
                                             const std::string& is_certain);

} // namespace squall::experiment
