// `squall monitor …`. Each gives the exit code.
#pragma once

#include "cli.h"
#include "signals.h"

namespace squall::app {

int run_command(const MonitorSimulateCommand& command);
int run_command(const MonitorGenerateCommand& command);
int run_command(const MonitorRunCommand& command, const SignalStops& signals);
int run_command(const MonitorStatusCommand& command);
int run_command(const MonitorExplainCommand& command);
int run_command(const MonitorMuteCommand& command);
int run_command(const MonitorUnmuteCommand& command);

} // namespace squall::app
