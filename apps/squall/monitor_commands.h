// `squall monitor …`. Each gives the exit code.
#pragma once

#include "cli.h"

namespace squall::app {

int run_command(const MonitorSimulateCommand& command);
int run_command(const MonitorGenerateCommand& command);

} // namespace squall::app
