// `squall-host check`: what this kernel and this host allow, found out by doing it, in a network
// namespace of its own.
#pragma once

namespace squall::host_app {

// One line of JSON. 0 where at least one way of interception works, else 1.
[[nodiscard]] int run_check();

} // namespace squall::host_app
