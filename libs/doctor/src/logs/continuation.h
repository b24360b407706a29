// Which lines are one record: what errors of many lines go on with, each line wrapped by itself or
// not.
#pragma once

#include "logs/wrapping.h"

namespace squall::doctor {

// A line that belongs to the one before it: indented, or what the AWS SDK and Go write behind an
// error. `in_panic`: any line without a form of its own does. What the kernel, systemd, Docker's
// daemon and other programs write is a record line by line.
[[nodiscard]] bool is_continuation(const Unwrapping& line, bool in_panic);
// A line with which a stack dump begins.
[[nodiscard]] bool begins_panic(const Unwrapping& line);

// Both wrapped as one writer's lines are in one log.
[[nodiscard]] bool is_of_same_writer(const Unwrapping& one, const Unwrapping& other);
// Its wrapping says whose it is, so that lines of others can stand between it and the next.
[[nodiscard]] bool may_stand_apart(const Unwrapping& line);
// By grep's numbers, where there are such.
[[nodiscard]] bool may_follow(const Unwrapping& line, const Unwrapping& before);

} // namespace squall::doctor
