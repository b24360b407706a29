// What `lab up --runtime docker` asks of the machine, and what its engines leave there.
#pragma once

#include "squall/base/file.h"

#include <string>

namespace squall::lab {

// Whether hosts could have a Docker Engine here: by root, with dockerd, containerd and runc where a
// host sees the machine's programs, cgroups mounted, and this program static (it is the images).
[[nodiscard]] Result<void> check_docker_engine();

// The cgroup for all containers of the lab with this state folder: of no other lab, and of no
// engine of the machine's own.
[[nodiscard]] std::string docker_cgroup(const Path& lab_folder);

// Takes it away in every hierarchy, once its processes have ended; engines that are killed leave
// theirs. Nothing happens where there is none.
void remove_docker_cgroup(const Path& lab_folder);

} // namespace squall::lab
