// A command inside a lab host, for a person or a script outside.
#pragma once

#include "squall/base/fd.h"
#include "squall/base/result.h"

#include <string>
#include <vector>

namespace squall::lab {

// Moves this process into the namespaces of `process` (a pidfd of a host's first process; `name` is
// how the user calls that host), runs the command there on our own standard input and outputs, and
// gives its exit code. The signals that would end us go to the command instead; it does not outlive
// us.
[[nodiscard]] Result<int>
run_inside(const Fd& process, const std::string& name, const std::vector<std::string>& command);

} // namespace squall::lab
