// Finds the program of a command line as runc does, in the container's own file system.
#pragma once

#include "runtime/launch_spec.h"

namespace squall::labhost::runtime {

// The path to start for argv[0]: itself if it has a slash, else the first match in the
// environment's PATH. Failures carry runc's words and Docker's exit code.
[[nodiscard]] Result<std::string, StartFailure>
find_program(const std::string& name, const std::vector<std::string>& environment);

} // namespace squall::labhost::runtime
