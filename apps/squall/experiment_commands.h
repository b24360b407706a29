// faults, plan, run, check, sweep, policy.
#pragma once

#include "cli.h"
#include "squall/experiment/fault.h"

namespace squall::app {

[[nodiscard]] int run_command(const FaultsCommand& command, const experiment::FaultTable& faults);
[[nodiscard]] int run_command(const PlanCommand& command, const experiment::FaultTable& faults);
[[nodiscard]] int run_command(const RunCommand& command, const experiment::FaultTable& faults);
[[nodiscard]] int run_command(const CheckCommand& command, const experiment::FaultTable& faults);
[[nodiscard]] int run_command(const SweepCommand& command, const experiment::FaultTable& faults);
[[nodiscard]] int run_command(const PolicyCommand& command, const experiment::FaultTable& faults);

} // namespace squall::app
