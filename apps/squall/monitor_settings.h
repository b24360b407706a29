// What was written on the command line, as the monitor's settings.
#pragma once

#include "cli.h"
#include "squall/monitor/settings.h"

namespace squall::app {

// An error names the option. A grace that is shorter than a healthy agent may need is taken, and
// warned of.
[[nodiscard]] Result<monitor::Settings> monitor_settings(const MonitorSettingsArguments& arguments);

} // namespace squall::app
