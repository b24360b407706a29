// What every command of the helper needs of its own process.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/fd.h"
#include "squall/base/json.h"

#include <sys/types.h>

#include <initializer_list>
#include <optional>

namespace squall::host_app {

inline constexpr int exit_failed = 1;
inline constexpr int exit_error = 3;
inline constexpr int exit_usage = 64;

// SIGINT, SIGTERM and SIGHUP come to this descriptor from now on, and end nothing by themselves.
[[nodiscard]] Fd signals_to_end();
void take_signal(int fd);

// Each connection takes two; what the machine allows is ours.
void raise_descriptor_limit();

// True when the process has ended until then.
[[nodiscard]] bool has_ended(pid_t pid, Deadline until);

// The sooner of the two: so many seconds from now, and a time in seconds since 1970. Nothing where
// neither is set; an error when it is over.
[[nodiscard]] Result<std::optional<WallTime>> end_of(std::optional<std::int64_t> duration_s,
                                                     std::optional<std::int64_t> until);
// The same by the clock that waits, from now on.
[[nodiscard]] std::optional<SteadyTime> steady_of(std::optional<WallTime> end);

// One line for whoever started us; nobody there is no reason to end.
void tell(int fd, const json::Object& object);

// Of an object, these members; those that it does not have are left out.
[[nodiscard]] json::Object members_of(const json::Object& object,
                                      std::initializer_list<const char*> names);

// To stderr; gives the exit code.
[[nodiscard]] int complain(const Error& error);

} // namespace squall::host_app
