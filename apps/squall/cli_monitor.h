// The options of `squall monitor`.
#pragma once

#include "cli.h"

namespace squall::app {

void add_monitor_settings(CLI::App& command, MonitorSettingsArguments& into);
void add_monitor_generate_options(CLI::App& command, monitor::RandomDayOptions& into);
void add_monitor_run_options(CLI::App& command, MonitorRunCommand& into);
void add_monitor_mute_options(CLI::App& command, MonitorMuteCommand& into);
void add_monitor_place_options(CLI::App& command,
                               MonitorPlaceArguments& into,
                               bool with_bus = false);

} // namespace squall::app
