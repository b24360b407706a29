// What a shell may put where its user pressed Tab. The shells' own scripts are a few lines that ask
// here, so that all of them know the same.
#pragma once

#include "cli.h"
#include "squall/experiment/fault.h"

namespace squall::app {

[[nodiscard]] int run_command(const CompletionCommand& command,
                              const experiment::FaultTable& faults);

} // namespace squall::app
