// `squall-host proxy`: a fault proxy between two addresses, until its time is over or it is told
// to end.
#pragma once

#include "squall/fault/fault_set.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squall::host_app {

struct ProxyCommand {
    std::string listen;
    std::string forward;
    std::vector<fault::FaultSet::Wanted> faults;
    std::optional<std::int64_t> duration_s; // without: until it is told to end
    std::optional<std::int64_t> until;      // seconds since 1970
    std::int64_t drain_s = 10;
    std::uint64_t seed = 0;       // 0: a new one, which is told
    std::string forwarded_header; // tells the application who its client is; empty: nothing does
};

[[nodiscard]] int run_command(const ProxyCommand& command);

} // namespace squall::host_app
