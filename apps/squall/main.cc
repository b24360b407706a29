// Puts the parts together: roles of lab hosts first, because a host's tools are this same program,
// then the command line, then the table of faults.
#include "cli.h"
#include "experiment_commands.h"
#include "history_commands.h"
#include "lab_commands.h"
#include "squall/labhost/roles.h"

#include <csignal>
#include <filesystem>
#include <type_traits>

namespace squall::app {
namespace {

template <class T, class... Listed>
constexpr bool is_one_of = (std::is_same_v<T, Listed> || ...);

template <class T>
constexpr bool is_lab_command = is_one_of<T,
                                          LabUpCommand,
                                          LabDownCommand,
                                          LabStatusCommand,
                                          LabEventsCommand,
                                          LabEnvCommand,
                                          LabExecCommand>;

int dispatch(const Command& command) {
    const auto agent_stop = experiment::make_ecs_agent_stop();
    const experiment::FaultTable faults{agent_stop.get()};
    return std::visit(
        [&](const auto& chosen) -> int {
            using T = std::decay_t<decltype(chosen)>;
            if constexpr (std::is_same_v<T, Answered>) {
                return chosen.exit_code;
            } else if constexpr (
                is_lab_command<
                    T> || std::is_same_v<T, StatusCommand> || std::is_same_v<T, RunsCommand>) {
                return run_command(chosen);
            } else if constexpr (std::is_same_v<
                                     T,
                                     FaultsCommand> || std::is_same_v<T, PolicyCommand>) {
                return run_command(chosen, faults);
            } else {
                const SignalStops signals;
                return run_command(chosen, faults, signals);
            }
        },
        command);
}

} // namespace
} // namespace squall::app

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string program = std::filesystem::path(argv[0]).filename();
    if (squall::labhost::is_tool_name(program))
        return squall::labhost::run_role(program, arguments);
    if (arguments.size() >= 2 && arguments[0] == "lab-host")
        return squall::labhost::run_role(arguments[1], {arguments.begin() + 2, arguments.end()});
    return squall::app::dispatch(squall::app::parse_command_line(argc, argv));
}
