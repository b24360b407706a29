// The role "docker-images": gives a real Docker Engine the images of a lab, since there is no
// registry.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost {

// Waits until the engine at /var/run/docker.sock answers, and imports those images of
// runtime::built_in_images() that hold this program alone and that it does not have. Images made of
// the machine's own programs are left out: nobody wants a copy of /usr. Exit code 0, or 1 and why.
[[nodiscard]] int load_docker_images(const std::vector<std::string>& arguments);

} // namespace squall::labhost
