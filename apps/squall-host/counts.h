// A proxy's counts as JSON, with the names of docs/proxy.md.
#pragma once

#include "squall/base/json.h"
#include "squall/proxy/proxy.h"

namespace squall::host_app {

[[nodiscard]] json::Object json_of(const proxy::Counts& counts);

// Those that are not 0: a command's output has room for 24,000 characters (SSM), and a host for
// many tasks.
[[nodiscard]] json::Object without_zeros(json::Object counts);

} // namespace squall::host_app
