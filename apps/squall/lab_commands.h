// squall lab …
#pragma once

#include "cli.h"

namespace squall::app {

[[nodiscard]] int run_command(const LabUpCommand& command);
[[nodiscard]] int run_command(const LabDownCommand& command);
[[nodiscard]] int run_command(const LabStatusCommand& command);
[[nodiscard]] int run_command(const LabEventsCommand& command);
[[nodiscard]] int run_command(const LabMailCommand& command);
[[nodiscard]] int run_command(const LabEnvCommand& command);
[[nodiscard]] int run_command(const LabApiCommand& command);
[[nodiscard]] int run_command(const LabBreakCommand& command);
[[nodiscard]] int run_command(const LabSpotCommand& command);
[[nodiscard]] int run_command(const LabExecCommand& command);

} // namespace squall::app
