// `squall doctor …`. Each gives the exit code: 0 healthy or recovered, 1 a finding, 2 unknown or
// could not look, 64 wrong usage.
#pragma once

#include "cli.h"

namespace squall::app {

int run_command(const DoctorCommand& command);
int run_command(const DoctorCollectCommand& command);

} // namespace squall::app
