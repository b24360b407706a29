// How many files each process has open, from /proc.
#pragma once

#include "squall/base/clock.h"
#include "squall/base/file.h"

#include <string>
#include <vector>

namespace squall::doctor {

struct OpenFiles {
    std::size_t count = 0;
    std::string pid;
    std::string process;
};

// The most first. Nothing of a process but its name is read.
[[nodiscard]] std::vector<OpenFiles> open_files_of(const Path& root, Deadline deadline);
// "COUNT PID NAME" lines.
[[nodiscard]] std::string named_counts(const std::vector<OpenFiles>& all);
// As AWS's collector writes them: "/proc/PID/fd", and the count on a line of its own; the folder
// itself is counted too.
[[nodiscard]] std::string collector_counts(const std::vector<OpenFiles>& all);

} // namespace squall::doctor
