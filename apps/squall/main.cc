// Puts the parts together: roles of lab hosts first, because a host's tools are this same program,
// then the command line, then the table of faults.
#include "cli.h"
#include "completion.h"
#include "doctor_commands.h"
#include "experiment_commands.h"
#include "helper_commands.h"
#include "history_commands.h"
#include "lab_commands.h"
#include "monitor_commands.h"
#include "output.h"
#include "squall/base/log.h"
#include "squall/labhost/roles.h"
#include "version.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <type_traits>

namespace squall::app {
namespace {

constexpr int exit_unwritten = 3;

template <class T, class... Listed>
constexpr bool is_one_of = (std::is_same_v<T, Listed> || ...);

template <class T>
constexpr bool is_monitor_question = is_one_of<T,
                                               MonitorSimulateCommand,
                                               MonitorGenerateCommand,
                                               MonitorStatusCommand,
                                               MonitorExplainCommand,
                                               MonitorMuteCommand,
                                               MonitorUnmuteCommand>;

template <class T>
constexpr bool is_lab_command = is_one_of<T,
                                          LabUpCommand,
                                          LabDownCommand,
                                          LabStatusCommand,
                                          LabEventsCommand,
                                          LabMailCommand,
                                          LabEnvCommand,
                                          LabApiCommand,
                                          LabBreakCommand,
                                          LabSpotCommand,
                                          LabExecCommand>;

int dispatch(const Command& command) {
    const auto agent_stop = experiment::make_ecs_agent_stop();
    const auto http_faults = experiment::make_ecs_container_http_faults();
    experiment::FaultTable faults{agent_stop.get()};
    for (const auto& fault : http_faults)
        faults.push_back(fault.get());
    return std::visit(
        [&](const auto& chosen) -> int {
            using T = std::decay_t<decltype(chosen)>;
            if constexpr (std::is_same_v<T, Answered>) {
                return chosen.exit_code;
            } else if constexpr (
                is_lab_command<
                    T> || is_monitor_question<T> || is_one_of<T, StatusCommand, RunsCommand, VersionCommand, HelperPublishCommand, DoctorCommand, DoctorCollectCommand>) {
                return run_command(chosen);
            } else if constexpr (is_one_of<T,
                                           FaultsCommand,
                                           CheckCommand,
                                           SweepCommand,
                                           PolicyCommand,
                                           PlanCommand,
                                           RunCommand,
                                           CompletionCommand>) {
                return run_command(chosen, faults);
            } else if constexpr (std::is_same_v<T, MonitorRunCommand>) {
                const SignalStops signals;
                return run_command(chosen, signals);
            } else {
                const SignalStops signals;
                return run_command(chosen, faults, signals);
            }
        },
        command);
}

// A descriptor that was closed (>&-) would be given to the next file or socket, and that be written
// to. What is written here instead is refused.
void keep_standard_descriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDONLY);
    }
}

// What was asked for and could not be told is an error; a verdict stays what it is.
int with_output(int code, bool is_verdict) {
    const auto failure = Output::failure();
    if (!failure) return code;
    log::print("squall: writing to standard output: {}\n", errno_text(*failure));
    return code == 0 && !is_verdict ? exit_unwritten : code;
}

} // namespace
} // namespace squall::app

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    squall::app::keep_standard_descriptors();
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string program = std::filesystem::path(argv[0]).filename();
    if (squall::labhost::is_tool_name(program))
        return squall::labhost::run_role(program, arguments);
    if (arguments.size() >= 2 && arguments[0] == "lab-host")
        return squall::labhost::run_role(arguments[1], {arguments.begin() + 2, arguments.end()});
    const bool is_verdict = !arguments.empty()
                            && (arguments[0] == "run" || arguments[0] == "recover"
                                || arguments[0] == "abort" || arguments[0] == "doctor");
    return squall::app::with_output(
        squall::app::dispatch(squall::app::parse_command_line(argc, argv)), is_verdict);
}
