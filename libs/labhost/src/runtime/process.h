// Processes told apart for certain: a number alone may have been given to another since.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/fd.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace squall::labhost::runtime {

// When a process was started, in clock ticks since boot: the 22nd field of /proc/PID/stat. Pure.
[[nodiscard]] std::optional<std::uint64_t> parse_start_time(std::string_view stat);

[[nodiscard]] Result<std::uint64_t> start_time_of(pid_t pid);

[[nodiscard]] Result<Fd> open_pidfd(pid_t pid);

[[nodiscard]] Result<void> send_signal(const Fd& pidfd, int signal);

// Kills the process that had this number when it was started at this time, and waits until it is
// gone. False if it was gone before, or if the number belongs to another by now, which is left
// alone.
[[nodiscard]] Result<bool> kill_leftover(pid_t pid, std::uint64_t start_time, Deadline deadline);

} // namespace squall::labhost::runtime
