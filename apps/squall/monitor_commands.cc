#include "monitor_commands.h"

#include "complaint.h"
#include "monitor_settings.h"
#include "output.h"
#include "squall/base/log.h"
#include "squall/monitor/simulation.h"

#include <cerrno>
#include <fstream>
#include <iostream>

namespace squall::app {

int run_command(const MonitorSimulateCommand& command) {
    auto settings = monitor_settings(command.settings);
    if (!settings) return complain(settings.error());
    std::ifstream file;
    const bool is_standard_input = command.scenario == "-";
    if (!is_standard_input) {
        file.open(command.scenario);
        if (!file)
            return complain(
                {Errc::invalid_input,
                 fmt::format("reading the scenario {}: {}", command.scenario, errno_text(errno))});
    }
    const auto lines = monitor::simulate(is_standard_input ? std::cin : file,
                                         is_standard_input ? "standard input" : command.scenario,
                                         {std::move(*settings), command.explain},
                                         [](const std::string& what) { log::warning("{}", what); });
    if (!lines) return complain(lines.error());
    Output().write(*lines);
    return 0;
}

int run_command(const MonitorGenerateCommand& command) {
    Output output;
    monitor::random_day(command.options, [&](const std::string& line) { output.line(line); });
    return 0;
}

} // namespace squall::app
