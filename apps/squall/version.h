// Which squall this is.
#pragma once

#include "cli.h"

namespace squall::app {

// "squall 0.1.0", then the commit it was built from, then the SHA-256 of this very file: what a
// support case, and a host that is to run it, can be held against.
[[nodiscard]] int run_command(const VersionCommand& command);

} // namespace squall::app
