// From the command line to a fault with checked values, and how what goes wrong on the way is told.
#pragma once

#include "cli.h"
#include "session_world.h"
#include "squall/base/result.h"
#include "squall/experiment/fault.h"

namespace squall::app {

inline constexpr int exit_error = 3;
inline constexpr int exit_aborted = 5;
inline constexpr int exit_refused = 6;

// A fault with checked values: what an experiment comes down to.
struct Chosen {
    const experiment::Fault* fault = nullptr;
    std::string experiment; // its name; may be empty
    experiment::TunableValues values;
};

// From a file, or from --fault; with --set, and with the environment. To sweep, only what says
// where has to be right.
[[nodiscard]] Result<Chosen, experiment::Problems> choose(const ExperimentArguments& arguments,
                                                          const experiment::FaultTable& faults,
                                                          bool is_to_sweep = false);

// The world that it is about. `doing` names the session where a role is assumed.
[[nodiscard]] Result<std::unique_ptr<SessionWorld>>
open_world(const Chosen& chosen, const std::string& doing, std::stop_token stop);

// To standard error; the exit code that goes with it.
int complain(const experiment::Problems& problems);
int tell(const Error& error);

} // namespace squall::app
