// Runs whose runner has died.
#pragma once

#include "signals.h"
#include "squall/experiment/fault.h"
#include "squall/experiment/journal.h"
#include "squall/experiment/runner.h"

namespace squall::app {

// The process that carries the run out, if it still lives.
[[nodiscard]] Result<std::optional<pid_t>> runner_of(const experiment::Journal& journal,
                                                     const std::string& run);

// Undoes, confirms and closes one open run whose runner is dead.
[[nodiscard]] Result<experiment::RunResult>
recover_run(experiment::Journal& journal,
            const experiment::FaultTable& faults,
            const experiment::RunRecord& record,
            const std::vector<experiment::EventSink*>& sinks,
            const SignalStops& signals);

// The same for all of them, told on standard error. What cannot be closed now stays open, and is
// said.
void close_abandoned_runs(experiment::Journal& journal,
                          const experiment::FaultTable& faults,
                          const SignalStops& signals);

} // namespace squall::app
