// Addresses of the bridge network, 172.17.0.0/16. An address belongs to one container until it is
// released. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace squall::labhost::runtime {

inline constexpr const char* bridge_name = "docker0";
inline constexpr const char* bridge_subnet = "172.17.0.0/16";
inline constexpr const char* bridge_gateway = "172.17.0.1";
inline constexpr const char* bridge_broadcast = "172.17.255.255";
inline constexpr int bridge_prefix_length = 16;

class AddressPool {
public:
    // Host parts 2 (after the gateway) to 65534 (before the broadcast address).
    static constexpr std::uint16_t first = 2;
    static constexpr std::uint16_t last = 65534;

    // The lowest free address as a host part; nothing when all are in use.
    [[nodiscard]] std::optional<std::uint16_t> take();

    void release(std::uint16_t host_part);

private:
    std::set<std::uint16_t> taken_;
    int lowest_ = first; // nothing below it is free
};

// 172.17.0.2 for 2.
[[nodiscard]] std::string address_text(std::uint16_t host_part);
// Docker's own derivation, 02:42 and the address: who gets an address again is reached at once,
// whatever the neighbours remember.
[[nodiscard]] std::string mac_text(std::uint16_t host_part);

} // namespace squall::labhost::runtime
