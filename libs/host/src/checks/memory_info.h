// /proc/meminfo, in bytes.
#pragma once

#include "checks/facts.h"

#include <cstdint>
#include <optional>

namespace squall::host {

struct MemoryInfo {
    std::uint64_t total = 0;
    std::uint64_t available = 0;
    std::uint64_t swap_total = 0;
    std::uint64_t swap_free = 0;
};

[[nodiscard]] std::optional<MemoryInfo> read_memory(const Facts& facts);

} // namespace squall::host
