// Any lines as what EC2 says of a network, one thing each: whatever it is, looking ends, signs have
// a cause and evidence, and what is known to be open is not said to be closed.
//
//   address PRIVATE PUBLIC | ipv6 | out|in PROTOCOL FROM TO PEER | acl SUBNET in|out NUMBER
//   PROTOCOL allow|deny FROM TO CIDR | route DESTINATION TARGET STATE | nat ID SUBNET STATE TYPE
//   igw ID | subnet ID CIDR BLOCK-MODE | endpoint SERVICE SUBNET private|public STATE | dns
#include "afar/vpc.h"
#include "squall/base/text.h"

#include <algorithm>
#include <cstdint>

namespace squall::host {
namespace {

using Words = std::vector<std::string>;

int number(const std::string& text) {
    return static_cast<int>(std::clamp<std::int64_t>(to_integer(text).value_or(0), -1, 70'000));
}

struct World {
    World() {
        instance.instance_id = "i-1";
        instance.state = "running";
        instance.vpc_id = "vpc-1";
        instance.subnet_id = "subnet-a";
        instance.group_ids = {"sg-1"};
        network.subnets = std::vector<aws::Subnet>();
        network.groups = std::vector<aws::SecurityGroup>{{"sg-1", "own", "vpc-1", {}, {}},
                                                         {"sg-9", "endpoints", "vpc-1", {}, {}}};
        network.acls = std::vector<aws::NetworkAcl>();
        network.route_tables =
            std::vector<aws::RouteTable>{{"rtb-1", "vpc-1", true, {}, {"subnet-a"}}};
        network.nat_gateways = std::vector<aws::NatGateway>();
        network.internet_gateways = std::vector<aws::InternetGateway>();
        network.endpoints = std::vector<aws::VpcEndpoint>();
        network.dns.emplace("vpc-1", aws::VpcDns{});
    }

    void add(const Words& words) {
        const auto& what = words.front();
        const bool has_five = words.size() >= 5;
        if (what == "ipv6") instance.has_ipv6_address = true;
        if (what == "dns") network.dns.begin()->second->enable_dns_hostnames = false;
        if (what == "address" && words.size() == 3) {
            instance.private_ip = words[1];
            instance.public_ip = words[2];
        }
        if ((what == "out" || what == "in") && has_five) add_rule(words);
        if (what == "acl" && words.size() == 9) add_entry(words);
        if (what == "route" && words.size() == 4) add_route(words);
        if (what == "nat" && has_five)
            network.nat_gateways->push_back({words[1], "vpc-1", words[2], words[3], words[4], {}});
        if (what == "igw" && words.size() == 2)
            network.internet_gateways->push_back({words[1], {"vpc-1"}});
        if (what == "subnet" && words.size() == 4)
            network.subnets->push_back({words[1], "vpc-1", words[2], words[3]});
        if (what == "endpoint" && has_five)
            network.endpoints->push_back({"vpce-" + words[1],
                                          "Interface",
                                          "vpc-1",
                                          "com.amazonaws.us-east-1." + words[1],
                                          words[4],
                                          R"({"Statement":[]})",
                                          {words[2]},
                                          {"sg-9"},
                                          words[3] == "private"});
    }

    void add_rule(const Words& words) {
        aws::IpPermission rule{words[1], {number(words[2]), number(words[3])}, {}, {}, {}, {}};
        auto& peers = words[4].starts_with("pl-")   ? rule.prefix_list_ids
                      : words[4].starts_with("sg-") ? rule.group_ids
                                                    : rule.cidr_ips;
        peers.push_back(words[4]);
        if (words[0] == "out")
            network.groups->front().ip_permissions_egress.push_back(rule);
        else
            network.groups->back().ip_permissions.push_back(rule);
    }

    void add_entry(const Words& words) {
        auto& acls = *network.acls;
        auto acl = std::find_if(acls.begin(), acls.end(), [&](const auto& each) {
            return each.subnet_ids[0] == words[1];
        });
        if (acl == acls.end())
            acl = acls.insert(acls.end(), {"acl-" + words[1], "vpc-1", false, {}, {words[1]}});
        acl->entries.push_back({number(words[3]),
                                words[4],
                                words[5] == "allow",
                                words[2] == "out",
                                words[8],
                                {},
                                {number(words[6]), number(words[7])}});
    }

    void add_route(const Words& words) {
        const bool is_list = words[1].starts_with("pl-");
        network.route_tables->front().routes.push_back({is_list ? std::string() : words[1],
                                                        {},
                                                        is_list ? words[1] : std::string(),
                                                        words[2],
                                                        words[3]});
    }

    [[nodiscard]] std::vector<Look> looks() const { return look_at_vpc(instance, network, {}); }

    aws::Ec2Instance instance;
    VpcNetwork network;
};

void check_signs(const World& world) {
    static const std::set<std::string, std::less<>> causes{
        "NET_API_TIMEOUT", "NET_ACS_BLOCKED", "NET_TCS_ONLY", "NET_DNS", "IAM_DENIED"};
    for (const Look& look : world.looks()) {
        SQUALL_ASSERT((look.state == Look::State::finding) == !look.signs.empty());
        SQUALL_ASSERT(look.state != Look::State::could_not_look || !look.summary.empty());
        for (const Sign& sign : look.signs) {
            SQUALL_ASSERT(causes.contains(sign.cause));
            SQUALL_ASSERT(!sign.summary.empty() && !sign.evidence.empty() && !sign.remedy.empty());
        }
    }
}

// What rules and routes let pass or not; the others ask for endpoints and names.
bool is_of_the_way(const Look& look) {
    return look.check == "vpc-security-groups" || look.check == "vpc-network-acls"
           || look.check == "vpc-routes";
}

// What nobody keeps from going out is not kept by groups, ACLs, or routes.
void check_open(World world) {
    world.network.groups->front().ip_permissions_egress.push_back(
        {"-1", {}, {"0.0.0.0/0"}, {}, {}, {}});
    for (auto& acl : *world.network.acls) {
        for (const bool egress : {true, false})
            acl.entries.insert(acl.entries.begin(), {-1, "-1", true, egress, "0.0.0.0/0", {}, {}});
    }
    world.instance.public_ip = "52.1.2.3";
    for (auto& subnet : *world.network.subnets)
        subnet.internet_gateway_block_mode = "off";
    world.network.internet_gateways->push_back({"igw-open", {"vpc-1"}});
    world.network.route_tables->front().routes = {{"0.0.0.0/0", "", "", "igw-open", "active"}};
    for (const Look& look : world.looks())
        SQUALL_ASSERT(!is_of_the_way(look) || look.signs.empty());
}

// Over IPv6 there may be a way.
void check_ipv6(World world) {
    world.instance.has_ipv6_address = true;
    for (const Look& look : world.looks()) {
        for (const Sign& sign : look.signs)
            SQUALL_ASSERT(!is_of_the_way(look) || sign.certainty == Certainty::certain);
    }
}

// Where EC2 says nothing, nothing is known.
void check_silent(World world) {
    const auto refused = aws::answered_error("ec2:X", "UnauthorizedOperation", "no", 403, "r");
    world.network.groups = fail(refused);
    world.network.acls = fail(refused);
    world.network.route_tables = fail(refused);
    for (const Look& look : world.looks())
        SQUALL_ASSERT(!is_of_the_way(look) || look.state == Look::State::could_not_look);
}

} // namespace
} // namespace squall::host

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    squall::host::World world;
    for (const auto& line : squall::split({reinterpret_cast<const char*>(data), size}, '\n'))
        world.add(squall::split(line, ' '));
    squall::host::check_signs(world);
    squall::host::check_open(world);
    squall::host::check_ipv6(world);
    squall::host::check_silent(world);
    return 0;
}
