// sudo of a lab host, where everybody is root already.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost {

// Becomes the command; returns, with 1, only where that cannot be.
[[nodiscard]] int run_sudo(const std::vector<std::string>& arguments);

} // namespace squall::labhost
