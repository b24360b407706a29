// The role "host": makes the namespaces of a lab host, and in them becomes its init.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost {

[[nodiscard]] int host_main(const std::vector<std::string>& arguments);

} // namespace squall::labhost
