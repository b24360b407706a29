// Other programs: started with an argument list (never a shell line), always waited for, with a
// time limit.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/result.h"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace squall {

struct Command {
    std::vector<std::string> argv;                       // argv[0] is looked up in PATH
    std::optional<std::vector<std::string>> environment; // NAME=value; nothing: as ours
    std::string input;                                   // written to its standard input
    std::optional<int> network_namespace;                // an open /proc/PID/ns/net; borrowed
};

struct Finished {
    int exit_code = 0; // 128 + signal where a signal ended it
    std::string output;
    std::string errors;
};

// More output than this is read and dropped.
inline constexpr std::size_t command_output_max = 4U << 20U;

// Runs to the end, or kills the process group (SIGKILL) when `deadline` passes or a stop is asked
// for and says so. A program that cannot be started is an error; one that exits with 1 is not. May
// be called from every thread.
[[nodiscard]] Result<Finished>
run(const Command& command, Deadline deadline, std::stop_token stop = {});

// As run, and an exit code other than 0 is an error that carries what the program said.
[[nodiscard]] Result<std::string>
run_checked(const Command& command, Deadline deadline, std::stop_token stop = {});

} // namespace squall
