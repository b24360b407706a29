// What is said of a filesystem that has no room, whoever looked.
#pragma once

#include "checks/look.h"

#include <string>
#include <vector>

namespace squall::host {

// A command, and what it shows. What deletes is for who has seen what there is.
[[nodiscard]] std::string what_fills(const std::string& place);

// DISK_FULL: `steps` stand in place of the two of the catalogue's that look for what they name.
[[nodiscard]] doctor::Sign disk_full(doctor::Certainty certainty,
                                     std::string summary,
                                     std::vector<doctor::Evidence> seen,
                                     std::vector<std::string> steps);

// DISK_FULL, likely: nobody can write there, however much room there is.
[[nodiscard]] doctor::Sign read_only_disk(const std::string& place, std::string asked);

} // namespace squall::host
