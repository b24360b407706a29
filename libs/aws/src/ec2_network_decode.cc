#include "ec2_network_decode.h"

// Our own XML reader gives an element's texts, but not lists within lists such as a group's rules.
#include <algorithm>
#include <array>

#include <pugixml.hpp>

namespace squall::aws {
namespace {

std::string text(const pugi::xml_node& node, const char* name) {
    return node.child(name).text().get();
}

bool flag(const pugi::xml_node& node, const char* name) { return text(node, name) == "true"; }

// One member of each entry of a list; empty ones are left out.
std::vector<std::string> each(const pugi::xml_node& list, const char* member) {
    std::vector<std::string> found;
    for (const auto item : list.children("item")) {
        if (auto value = text(item, member); !value.empty()) found.push_back(std::move(value));
    }
    return found;
}

std::vector<std::string> texts(const pugi::xml_node& list) {
    std::vector<std::string> found;
    for (const auto item : list.children("item"))
        found.emplace_back(item.text().get());
    return found;
}

constexpr int port_max = 65535;

// ICMP has a type and a code there. What does not say has all of them.
PortRange ports(const pugi::xml_node& node, const char* from, const char* to) {
    const auto port = [&](const char* name) {
        return std::clamp(node.child(name).text().as_int(), 0, port_max);
    };
    const auto first = node.child(from);
    if (!first || first.text().as_int() < 0) return {};
    return {port(from), port(to)};
}

Result<pugi::xml_node>
read(pugi::xml_document& document, std::string_view xml, const std::string& root_name) {
    const auto parsed =
        document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) return fail(Errc::failed, "not valid XML: {}", parsed.description());
    const auto root = document.child(root_name.c_str());
    if (!root) return fail(Errc::failed, "no {}", root_name);
    return root;
}

// An answer without its list is none: half of a network must not pass for all of it.
template <class T>
Result<Ec2Page<T>>
page_of(std::string_view xml, const char* root, const char* list, T (*decode)(pugi::xml_node)) {
    pugi::xml_document document;
    const auto answer = read(document, xml, root);
    if (!answer) return fail(answer.error());
    const auto entries = answer->child(list);
    if (!entries) return fail(Errc::failed, "a {} without {}", root, list);
    Ec2Page<T> page;
    page.next_token = text(*answer, "nextToken");
    for (const auto item : entries.children("item"))
        page.found.push_back(decode(item));
    return page;
}

Subnet decode_subnet(pugi::xml_node node) {
    return {text(node, "subnetId"),
            text(node, "vpcId"),
            text(node, "cidrBlock"),
            text(node.child("blockPublicAccessStates"), "internetGatewayBlockMode")};
}

std::vector<IpPermission> decode_permissions(const pugi::xml_node& list) {
    std::vector<IpPermission> permissions;
    for (const auto item : list.children("item")) {
        permissions.push_back({text(item, "ipProtocol"),
                               ports(item, "fromPort", "toPort"),
                               each(item.child("ipRanges"), "cidrIp"),
                               each(item.child("ipv6Ranges"), "cidrIpv6"),
                               each(item.child("prefixListIds"), "prefixListId"),
                               each(item.child("groups"), "groupId")});
    }
    return permissions;
}

SecurityGroup decode_security_group(pugi::xml_node node) {
    return {text(node, "groupId"),
            text(node, "groupName"),
            text(node, "vpcId"),
            decode_permissions(node.child("ipPermissions")),
            decode_permissions(node.child("ipPermissionsEgress"))};
}

NetworkAcl decode_network_acl(pugi::xml_node node) {
    NetworkAcl acl;
    acl.network_acl_id = text(node, "networkAclId");
    acl.vpc_id = text(node, "vpcId");
    acl.is_default = flag(node, "default");
    acl.subnet_ids = each(node.child("associationSet"), "subnetId");
    for (const auto item : node.child("entrySet").children("item")) {
        acl.entries.push_back({item.child("ruleNumber").text().as_int(),
                               text(item, "protocol"),
                               text(item, "ruleAction") == "allow",
                               flag(item, "egress"),
                               text(item, "cidrBlock"),
                               text(item, "ipv6CidrBlock"),
                               ports(item.child("portRange"), "from", "to")});
    }
    return acl;
}

// What a route may lead to, by the members that name it. Through an instance EC2 names its network
// interface, too: the instance is what people know.
constexpr std::array route_targets{"gatewayId",
                                   "natGatewayId",
                                   "transitGatewayId",
                                   "vpcPeeringConnectionId",
                                   "egressOnlyInternetGatewayId",
                                   "instanceId",
                                   "networkInterfaceId",
                                   "localGatewayId",
                                   "carrierGatewayId",
                                   "coreNetworkArn",
                                   "odbNetworkArn"};

Route decode_route(const pugi::xml_node& node) {
    Route route{text(node, "destinationCidrBlock"),
                text(node, "destinationIpv6CidrBlock"),
                text(node, "destinationPrefixListId"),
                {},
                text(node, "state")};
    for (const char* member : route_targets) {
        if (route.target.empty()) route.target = text(node, member);
    }
    return route;
}

RouteTable decode_route_table(pugi::xml_node node) {
    RouteTable table;
    table.route_table_id = text(node, "routeTableId");
    table.vpc_id = text(node, "vpcId");
    const auto associations = node.child("associationSet").children("item");
    table.is_main = std::any_of(associations.begin(), associations.end(), [](const auto& one) {
        return flag(one, "main");
    });
    table.subnet_ids = each(node.child("associationSet"), "subnetId");
    for (const auto item : node.child("routeSet").children("item"))
        table.routes.push_back(decode_route(item));
    return table;
}

NatGateway decode_nat_gateway(pugi::xml_node node) {
    return {text(node, "natGatewayId"),
            text(node, "vpcId"),
            text(node, "subnetId"),
            text(node, "state"),
            text(node, "connectivityType"),
            text(node, "failureMessage")};
}

InternetGateway decode_internet_gateway(pugi::xml_node node) {
    InternetGateway gateway;
    gateway.internet_gateway_id = text(node, "internetGatewayId");
    for (const auto item : node.child("attachmentSet").children("item")) {
        const std::string state = text(item, "state");
        // EC2 says "available" of what its documents call attached.
        if (state == "available" || state == "attached")
            gateway.vpc_ids.push_back(text(item, "vpcId"));
    }
    return gateway;
}

VpcEndpoint decode_vpc_endpoint(pugi::xml_node node) {
    return {text(node, "vpcEndpointId"),
            text(node, "vpcEndpointType"),
            text(node, "vpcId"),
            text(node, "serviceName"),
            text(node, "state"),
            text(node, "policyDocument"),
            texts(node.child("subnetIdSet")),
            each(node.child("groupSet"), "groupId"),
            flag(node, "privateDnsEnabled")};
}

} // namespace

Result<Ec2Page<Subnet>> decode_subnets(std::string_view xml) {
    return page_of(xml, "DescribeSubnetsResponse", "subnetSet", &decode_subnet);
}

Result<Ec2Page<SecurityGroup>> decode_security_groups(std::string_view xml) {
    return page_of(
        xml, "DescribeSecurityGroupsResponse", "securityGroupInfo", &decode_security_group);
}

Result<Ec2Page<NetworkAcl>> decode_network_acls(std::string_view xml) {
    return page_of(xml, "DescribeNetworkAclsResponse", "networkAclSet", &decode_network_acl);
}

Result<Ec2Page<RouteTable>> decode_route_tables(std::string_view xml) {
    return page_of(xml, "DescribeRouteTablesResponse", "routeTableSet", &decode_route_table);
}

Result<Ec2Page<NatGateway>> decode_nat_gateways(std::string_view xml) {
    return page_of(xml, "DescribeNatGatewaysResponse", "natGatewaySet", &decode_nat_gateway);
}

Result<Ec2Page<InternetGateway>> decode_internet_gateways(std::string_view xml) {
    return page_of(
        xml, "DescribeInternetGatewaysResponse", "internetGatewaySet", &decode_internet_gateway);
}

Result<Ec2Page<VpcEndpoint>> decode_vpc_endpoints(std::string_view xml) {
    return page_of(xml, "DescribeVpcEndpointsResponse", "vpcEndpointSet", &decode_vpc_endpoint);
}

Result<bool> decode_vpc_attribute(std::string_view xml, const char* attribute) {
    pugi::xml_document document;
    const auto answer = read(document, xml, "DescribeVpcAttributeResponse");
    if (!answer) return fail(answer.error());
    const std::string value = text(answer->child(attribute), "value");
    if (value != "true" && value != "false")
        return fail(Errc::failed, "it says '{}' of {}", value, attribute);
    return value == "true";
}

} // namespace squall::aws
