// squall helper publish.
#pragma once

#include "cli.h"

namespace squall::app {

int run_command(const HelperPublishCommand& command);

} // namespace squall::app
