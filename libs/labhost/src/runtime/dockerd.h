// The role `dockerd`: serves Docker's Engine API on a unix socket until SIGTERM, then stops its
// containers and ends.
#pragma once

#include <string>
#include <vector>

namespace squall::labhost::runtime {

// Options: --root DIR (in front of every path of its own: state, socket, pid file), --socket PATH.
// Needs root and, for the bridge, `ip` and `iptables`. Ends with 0 when it was told to, with 1 when
// it cannot serve, with 64 for options it does not know.
[[nodiscard]] int run_dockerd(const std::vector<std::string>& arguments);

} // namespace squall::labhost::runtime
