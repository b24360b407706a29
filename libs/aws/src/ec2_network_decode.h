// EC2's XML of networks as values.
#pragma once

#include "squall/aws/ec2_network.h"

#include <string_view>

namespace squall::aws {

template <class T>
struct Ec2Page {
    std::vector<T> found;
    std::string next_token;
};

[[nodiscard]] Result<Ec2Page<Subnet>> decode_subnets(std::string_view xml);
[[nodiscard]] Result<Ec2Page<SecurityGroup>> decode_security_groups(std::string_view xml);
[[nodiscard]] Result<Ec2Page<NetworkAcl>> decode_network_acls(std::string_view xml);
[[nodiscard]] Result<Ec2Page<RouteTable>> decode_route_tables(std::string_view xml);
[[nodiscard]] Result<Ec2Page<NatGateway>> decode_nat_gateways(std::string_view xml);
[[nodiscard]] Result<Ec2Page<InternetGateway>> decode_internet_gateways(std::string_view xml);
[[nodiscard]] Result<Ec2Page<VpcEndpoint>> decode_vpc_endpoints(std::string_view xml);
// Of DescribeVpcAttribute: the value of `attribute`.
[[nodiscard]] Result<bool> decode_vpc_attribute(std::string_view xml, const char* attribute);

} // namespace squall::aws
