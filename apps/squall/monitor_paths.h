// Where a monitor of this user keeps its files.
#pragma once

#include "squall/base/file.h"

#include <string>

namespace squall::app {

struct MonitorPaths {
    Path store;
    Path control_socket; // beside it

    // `store` as the command line has it; empty: the usual place.
    [[nodiscard]] static Result<MonitorPaths> find(const std::string& store);
};

} // namespace squall::app
