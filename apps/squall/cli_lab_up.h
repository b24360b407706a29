// The command line of `squall lab up`.
#pragma once

#include "cli.h"

namespace squall::app {

// Its options, filled into `into`, which must outlive the parsing.
void add_lab_up_options(CLI::App& command, LabUpCommand& into);

} // namespace squall::app
