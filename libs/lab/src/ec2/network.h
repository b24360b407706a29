// The network of the lab's EC2, the same in every region: one VPC, a subnet in each zone, one
// security group. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::lab::ec2 {

inline constexpr const char* vpc_id = "vpc-0squalllab";
inline constexpr const char* vpc_cidr_block = "10.0.0.0/16";
// The VPC's default one; it lets everything pass, as the lab's wire does.
inline constexpr const char* security_group_id = "sg-0000000000000000d";
// All subnets are on one wire, which the lab answers at this address: what instances have, too.
inline constexpr const char* gateway = "10.0.0.1/16";

struct Subnet {
    std::string id; // its last digit is the zone's letter
    std::string availability_zone;
    int number = 1; // 10.0.NUMBER.0/24

    [[nodiscard]] std::string cidr_block() const;
    // Of an elastic network interface; below 100 are the instances.
    [[nodiscard]] std::string address(int host_part) const;
};

// Host parts of addresses that interfaces of tasks may have.
inline constexpr int task_address_min = 100;
inline constexpr int task_address_max = 254;

[[nodiscard]] std::vector<Subnet> subnets_of(const std::string& region);
[[nodiscard]] std::optional<Subnet> subnet_with_id(const std::string& region, std::string_view id);
[[nodiscard]] std::optional<Subnet> subnet_of_zone(const std::string& region,
                                                   std::string_view availability_zone);

// Derived from the address: whoever gets an address again is reached at once, whatever the
// neighbours remember. Empty for what is no IPv4 address.
[[nodiscard]] std::string mac_of_address(std::string_view address);

// ip-10-0-1-100.ec2.internal, or with the region's own suffix.
[[nodiscard]] std::string private_dns_name(std::string_view address, const std::string& region);

// How many network interfaces an instance of this type may have, its own one included:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AvailableIpPerENI.html
[[nodiscard]] std::int64_t interfaces_max(std::string_view instance_type);

} // namespace squall::lab::ec2
