// The options of `squall doctor`.
#pragma once

#include "cli.h"

namespace squall::app {

void add_doctor_options(CLI::App& command, DoctorCommand& into);

// An option that means nothing to `doctor collect`, and was given; empty: none.
[[nodiscard]] std::string named_beside_collect(const DoctorCommand& command);

} // namespace squall::app
