// status, runs, abort, recover.
#pragma once

#include "cli.h"
#include "signals.h"
#include "squall/experiment/fault.h"

namespace squall::app {

[[nodiscard]] int run_command(const StatusCommand& command);
[[nodiscard]] int run_command(const RunsCommand& command);
[[nodiscard]] int run_command(const AbortCommand& command,
                              const experiment::FaultTable& faults,
                              const SignalStops& signals);
[[nodiscard]] int run_command(const RecoverCommand& command,
                              const experiment::FaultTable& faults,
                              const SignalStops& signals);

} // namespace squall::app
