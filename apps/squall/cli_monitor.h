// The options of `squall monitor`.
#pragma once

#include "cli.h"

namespace squall::app {

void add_monitor_settings(CLI::App& command, MonitorSettingsArguments& into);
void add_monitor_generate_options(CLI::App& command, monitor::RandomDayOptions& into);

} // namespace squall::app
