// The network of Amazon VPC, as far as we read it: what lets packets pass, and where they go.
// Changes nothing.
#pragma once

#include "squall/aws/client.h"

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace squall::aws {

struct Subnet {
    std::string subnet_id;
    std::string vpc_id;
    std::string cidr_block;
    std::string internet_gateway_block_mode; // of VPC Block Public Access: off, block-…
};

// Of TCP and UDP the ports that it is about; without ports: all.
struct PortRange {
    int from = 0;
    int to = 65535;
};

// One rule of a security group: who may be talked to, over what.
struct IpPermission {
    std::string ip_protocol; // tcp, udp, icmp, a number; "-1" for all
    PortRange ports;
    std::vector<std::string> cidr_ips;
    std::vector<std::string> cidr_ipv6s;
    std::vector<std::string> prefix_list_ids;
    std::vector<std::string> group_ids;
};

struct SecurityGroup {
    std::string group_id;
    std::string group_name;
    std::string vpc_id;
    std::vector<IpPermission> ip_permissions; // into its members
    std::vector<IpPermission> ip_permissions_egress;
};

struct NetworkAclEntry {
    int rule_number = 0;  // 32767: the last one, which denies
    std::string protocol; // a number; "-1" for all
    bool allows = false;
    bool egress = false;
    std::string cidr_block; // of the one or of the other
    std::string ipv6_cidr_block;
    PortRange ports;
};

struct NetworkAcl {
    std::string network_acl_id;
    std::string vpc_id;
    bool is_default = false;
    std::vector<NetworkAclEntry> entries; // in EC2's order, which is none
    std::vector<std::string> subnet_ids;
};

struct Route {
    // One of the three.
    std::string destination_cidr_block;
    std::string destination_ipv6_cidr_block;
    std::string destination_prefix_list_id;
    // local, igw-…, nat-…, tgw-…, eni-…: whatever it leads to; empty where EC2 says nothing.
    std::string target;
    std::string state; // active, blackhole
};

struct RouteTable {
    std::string route_table_id;
    std::string vpc_id;
    bool is_main = false;
    std::vector<Route> routes;
    std::vector<std::string> subnet_ids;
};

struct NatGateway {
    std::string nat_gateway_id;
    std::string vpc_id;
    std::string subnet_id;
    std::string state;             // pending, failed, available, deleting, deleted
    std::string connectivity_type; // public, private
    std::string failure_message;
};

struct InternetGateway {
    std::string internet_gateway_id;
    std::vector<std::string> vpc_ids; // that it is attached to
};

struct VpcEndpoint {
    std::string vpc_endpoint_id;
    std::string vpc_endpoint_type; // Interface, Gateway, …
    std::string vpc_id;
    std::string service_name; // com.amazonaws.REGION.ecs
    std::string state;        // pendingAcceptance, pending, available, …, as EC2 writes it
    std::string policy_document;
    std::vector<std::string> subnet_ids;
    std::vector<std::string> group_ids;
    bool private_dns_enabled = false;
};

struct VpcDns {
    bool enable_dns_support = true;
    bool enable_dns_hostnames = true;
};

// As thread-safe as its client, which must outlive it. All of them ask by filters: what is not
// there is not among the answers, and nothing is asked where there are no ids.
class Ec2Network {
public:
    // How long a call may take, and what ends it.
    struct Until {
        Deadline deadline;
        std::stop_token stop;
    };

    explicit Ec2Network(Client& client) : client_(client) {}

    [[nodiscard]] Outcome<std::vector<Subnet>>
    describe_subnets(std::span<const std::string> subnet_ids, const Until& until);
    [[nodiscard]] Outcome<std::vector<SecurityGroup>>
    describe_security_groups(std::span<const std::string> group_ids, const Until& until);
    // Those of these subnets: each has one.
    [[nodiscard]] Outcome<std::vector<NetworkAcl>>
    describe_network_acls(std::span<const std::string> subnet_ids, const Until& until);
    [[nodiscard]] Outcome<std::vector<RouteTable>>
    describe_route_tables(std::span<const std::string> vpc_ids, const Until& until);
    [[nodiscard]] Outcome<std::vector<NatGateway>>
    describe_nat_gateways(std::span<const std::string> nat_gateway_ids, const Until& until);
    // Those that are attached to these VPCs.
    [[nodiscard]] Outcome<std::vector<InternetGateway>>
    describe_internet_gateways(std::span<const std::string> vpc_ids, const Until& until);
    [[nodiscard]] Outcome<std::vector<VpcEndpoint>>
    describe_vpc_endpoints(std::span<const std::string> vpc_ids, const Until& until);
    // Two calls: EC2 gives one attribute at a time.
    [[nodiscard]] Outcome<VpcDns> describe_vpc_dns(const std::string& vpc_id, const Until& until);

private:
    Client& client_;
};

} // namespace squall::aws
