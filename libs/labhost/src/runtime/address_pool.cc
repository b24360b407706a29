#include "runtime/address_pool.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::labhost::runtime {

std::optional<std::uint16_t> AddressPool::take() {
    for (int candidate = lowest_; candidate <= last; ++candidate) {
        lowest_ = candidate + 1;
        const auto host_part = static_cast<std::uint16_t>(candidate);
        if (taken_.insert(host_part).second) return host_part;
    }
    return std::nullopt;
}

void AddressPool::release(std::uint16_t host_part) {
    if (taken_.erase(host_part) == 1) lowest_ = std::min<int>(lowest_, host_part);
}

std::string address_text(std::uint16_t host_part) {
    return fmt::format("172.17.{}.{}", host_part >> 8U, host_part & 0xffU);
}

std::string mac_text(std::uint16_t host_part) {
    return fmt::format("02:42:ac:11:{:02x}:{:02x}", host_part >> 8U, host_part & 0xffU);
}

} // namespace squall::labhost::runtime
