// One address, or a network of them. A value.
#pragma once

#include "squall/base/result.h"

#include <string>
#include <string_view>

namespace squall::net {

struct AddressRange {
    // "10.0.0.7", "10.0.0.0/16", "2001:db8::/32".
    [[nodiscard]] static Result<AddressRange> parse(std::string_view text);

    [[nodiscard]] bool is_ipv6() const { return address.size() == 16; }

    // As many bytes as the address has: ones for the network's part.
    [[nodiscard]] std::string mask() const;

    std::string text;
    std::string address; // in network order, 4 or 16 bytes, nothing after the network's part
    unsigned prefix = 0; // bits
};

} // namespace squall::net
