// Which logs a host has, and in what order they are worth having.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"

#include <cstdint>
#include <string>
#include <vector>

namespace squall::doctor {

struct HostLog {
    Path path;
    std::string name; // in the archive
    std::uint64_t size = 0;
    WallTime changed;
    int rank = 0; // 0: the agent's own
};

// The agent's first, then what else speaks of it; of each, the newest first.
[[nodiscard]] std::vector<HostLog> host_logs(const Path& root);

} // namespace squall::doctor
