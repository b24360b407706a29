#include "ec2/network.h"

#include "squall/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace squall::lab::ec2 {
namespace {

constexpr std::string_view zone_letters = "abcdef";

struct TypeLimit {
    std::string_view type;
    std::int64_t interfaces;
};

// The small ones, which is what a lab says it is made of.
constexpr std::array type_limits{
    TypeLimit{"t2.micro", 2},
    TypeLimit{"t3.nano", 2},
    TypeLimit{"t3.micro", 2},
    TypeLimit{"t3.small", 3},
    TypeLimit{"t3.medium", 3},
    TypeLimit{"t3.large", 3},
    TypeLimit{"t3.xlarge", 4},
    TypeLimit{"m5.large", 3},
    TypeLimit{"m5.xlarge", 4},
    TypeLimit{"c5.large", 3},
    TypeLimit{"c5.xlarge", 4},
};
constexpr std::int64_t interfaces_of_others = 3;

} // namespace

std::string Subnet::cidr_block() const { return fmt::format("10.0.{}.0/24", number); }

std::string Subnet::address(int host_part) const {
    return fmt::format("10.0.{}.{}", number, host_part);
}

std::vector<Subnet> subnets_of(const std::string& region) {
    std::vector<Subnet> subnets;
    for (const char letter : zone_letters)
        subnets.push_back({std::string("subnet-0000000000000000") + letter,
                           region + letter,
                           static_cast<int>(subnets.size()) + 1});
    return subnets;
}

std::optional<Subnet> subnet_with_id(const std::string& region, std::string_view id) {
    for (auto& subnet : subnets_of(region)) {
        if (subnet.id == id) return std::move(subnet);
    }
    return std::nullopt;
}

std::optional<Subnet> subnet_of_zone(const std::string& region,
                                     std::string_view availability_zone) {
    for (auto& subnet : subnets_of(region)) {
        if (subnet.availability_zone == availability_zone) return std::move(subnet);
    }
    return std::nullopt;
}

std::string mac_of_address(std::string_view address) {
    std::string mac = "0a:ff";
    const auto parts = split(address, '.');
    if (parts.size() != 4) return {};
    for (const auto& part : parts) {
        const auto number = to_integer(part).value_or(-1);
        if (number < 0 || number > 255) return {};
        mac += fmt::format(":{:02x}", number);
    }
    return mac;
}

std::string private_dns_name(std::string_view address, const std::string& region) {
    return fmt::format("ip-{}.{}",
                       replace_all(std::string(address), ".", "-"),
                       region == "us-east-1" ? "ec2.internal" : region + ".compute.internal");
}

std::int64_t interfaces_max(std::string_view instance_type) {
    const auto* const found =
        std::find_if(type_limits.begin(), type_limits.end(), [&](const TypeLimit& limit) {
            return limit.type == instance_type;
        });
    return found == type_limits.end() ? interfaces_of_others : found->interfaces;
}

} // namespace squall::lab::ec2
