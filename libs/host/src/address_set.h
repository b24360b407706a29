// Sets of IPv4 addresses, as rules and routes speak of them. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace squall::host {

class AddressSet {
public:
    AddressSet() = default;

    // "10.0.0.0/16"; an address alone is a set of one. Nothing where it is no such thing.
    [[nodiscard]] static std::optional<AddressSet> of_cidr(std::string_view cidr);
    // All of them that can be read, together.
    [[nodiscard]] static AddressSet of_cidrs(std::span<const std::string> cidrs);
    // Where AWS's own endpoints can be: every address that is routed in the internet.
    [[nodiscard]] static const AddressSet& internet();
    // Where endpoints in VPCs can be: RFC 1918, and RFC 6598, which VPCs may have, too.
    [[nodiscard]] static const AddressSet& private_networks();

    [[nodiscard]] bool empty() const { return ranges_.empty(); }

    [[nodiscard]] bool contains(const AddressSet& other) const;
    [[nodiscard]] AddressSet united(const AddressSet& other) const;
    [[nodiscard]] AddressSet common(const AddressSet& other) const;
    [[nodiscard]] AddressSet without(const AddressSet& other) const;

    bool operator==(const AddressSet&) const = default;

private:
    struct Range {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        bool operator==(const Range&) const = default;
    };

    [[nodiscard]] static AddressSet of_ranges(std::vector<Range> ranges);

    std::vector<Range> ranges_; // in order, with something between any two
};

// How many bits a CIDR block fixes; 32 for an address alone, -1 for what is none.
[[nodiscard]] int prefix_length(std::string_view cidr);

} // namespace squall::host
