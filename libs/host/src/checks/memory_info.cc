#include "checks/memory_info.h"

#include "squall/base/text.h"

namespace squall::host {

std::optional<MemoryInfo> read_memory(const Facts& facts) {
    const auto text = read_file(facts.path("/proc/meminfo"), 1U << 16U);
    if (!text) return std::nullopt;
    MemoryInfo memory;
    for (const std::string& line : split(*text, '\n')) {
        const auto [name, rest] = split_once(line, ':');
        const std::string_view number = trimmed(rest).substr(0, trimmed(rest).find(' '));
        const auto bytes =
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_integer(number).value_or(0)))
            << 10U;
        if (name == "MemTotal") memory.total = bytes;
        if (name == "MemAvailable") memory.available = bytes;
        if (name == "SwapTotal") memory.swap_total = bytes;
        if (name == "SwapFree") memory.swap_free = bytes;
    }
    return memory.total == 0 ? std::nullopt : std::optional(memory);
}

} // namespace squall::host
