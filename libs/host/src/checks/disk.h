// What is said of a filesystem that has no room, whoever looked.
#pragma once

#include "checks/look.h"

#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

// A command, and what it shows. What deletes is for who has seen what there is.
[[nodiscard]] std::string what_fills(const std::string& place);

// DISK_FULL: `steps` stand in place of the two of the catalogue's that look for what they name.
[[nodiscard]] doctor::Sign disk_full(doctor::Certainty certainty,
                                     std::string summary,
                                     std::vector<doctor::Evidence> seen,
                                     std::vector<std::string> steps);

// DISK_FULL, certain: nobody can write there, however much room there is. `mount`: where the
// filesystem begins that the place is in.
[[nodiscard]] doctor::Sign
read_only_disk(const std::string& place, const std::string& mount, std::string asked);

// By the text of /proc/self/mounts, of an absolute path; "/" where it does not say.
[[nodiscard]] std::string mount_of(std::string_view mounts, const std::string& path);

} // namespace squall::host
