// What lets packets pass in a VPC: security groups, network ACLs, and routes. Values, and what
// follows from them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace squall::lab::ec2 {

struct Ports {
    int from = 0;
    int to = 65535;
    bool operator==(const Ports&) const = default;
};

// One peer of one rule of a security group, as EC2 counts them.
struct GroupRule {
    enum class Peer { cidr, ipv6_cidr, prefix_list, group };

    std::string protocol; // "-1", "tcp", …
    Ports ports;          // of "-1": all
    Peer peer = Peer::cidr;
    std::string value;
    bool operator==(const GroupRule&) const = default;
};

struct SecurityGroup {
    std::string id;
    std::string name;
    std::string description;
    std::vector<GroupRule> ingress; // of the default one; the lab's wire does not ask
    std::vector<GroupRule> egress;
};

struct AclEntry {
    int number = 0;
    bool egress = false;
    std::string protocol; // a number; "-1" for all
    bool allows = false;
    std::string cidr_block;
    Ports ports;
};

struct NetworkAcl {
    static constexpr int last_rule = 32767; // denies what no other rule fits

    std::string id;
    bool is_default = false;
    std::vector<AclEntry> entries; // by direction and number
};

struct Route {
    std::string destination_cidr_block;
    std::string target; // local, igw-…, nat-…
    bool is_blackhole = false;
};

struct RouteTable {
    std::string id;
    bool is_main = false;
    std::vector<Route> routes;
    std::map<std::string, std::string> associations; // id by subnet
};

// "10.0.0.0/8"; false for what is no such block, and for bits that are set behind the prefix.
[[nodiscard]] bool is_cidr_block(std::string_view text);
// False where either is none.
[[nodiscard]] bool is_within(std::string_view address, std::string_view cidr_block);

// To a TCP port of that address.
[[nodiscard]] bool lets_out(const SecurityGroup& group, std::string_view address, int port);
// Out to that port, and the answers back in to any port that Linux takes.
[[nodiscard]] bool lets_out(const NetworkAcl& acl, std::string_view address, int port);
// Of those that fit, the most specific one; null where there is none.
[[nodiscard]] const Route* route_to(const RouteTable& table, std::string_view address);

} // namespace squall::lab::ec2
