// Which logs there are to read, and reading them.
#pragma once

#include "squall/doctor/scan.h"

#include <string>
#include <vector>

namespace squall::doctor {

struct ReadLimits {
    std::uint64_t per_file = 512ULL << 20U; // from its end; of compressed ones all is read
    std::uint64_t in_total = 2ULL << 30U;   // what is over it is not read
};

// Of a host whose root folder this is: the agent's and ecs-init's logs first, then those of Docker,
// cloud-init and the system; of each the newest first.
[[nodiscard]] std::vector<Path> logs_to_read(const Path& root);

struct ReadLogs {
    std::vector<ScannedLog> logs;
    std::vector<Look> unread; // files that could not be read, or were over the limit
};

// "-" is standard input. Files are read in this order until the limit is reached.
[[nodiscard]] ReadLogs
read_logs(Scanner& scanner, const std::vector<Path>& files, const ReadLimits& limits = {});

} // namespace squall::doctor
