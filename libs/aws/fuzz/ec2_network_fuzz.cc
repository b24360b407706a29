// Any bytes as each of EC2's answers about networks: read or refused, ports are ports, and what is
// written as EC2 writes it is what comes out.
#include "ec2_network_decode.h"
#include "squall/wire/xml.h"

#include <algorithm>
#include <cstdint>

namespace {

using squall::aws::PortRange;
using squall::wire::XmlWriter;

// Ids and blocks as EC2 has them; around anything else, readers may take blanks away.
bool is_word(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool are_words(const std::vector<std::string>& texts) {
    return std::all_of(texts.begin(), texts.end(), is_word);
}

bool are_ports(const PortRange& ports) {
    return ports.from >= 0 && ports.from <= 65535 && ports.to >= 0 && ports.to <= 65535;
}

void write_ports(XmlWriter& xml, const char* from, const char* to, const PortRange& ports) {
    xml.leaf(from, fmt::format("{}", ports.from));
    xml.leaf(to, fmt::format("{}", ports.to));
}

void write_list(XmlWriter& xml,
                const char* list,
                const char* member,
                const std::vector<std::string>& texts) {
    xml.element(list, [&] {
        for (const auto& text : texts)
            xml.element("item", [&] { xml.leaf(member, text); });
    });
}

// The page's only entry, written by `members`, and read again.
template <class T, class Decode>
T again(const char* root,
        const char* list,
        const std::function<void(XmlWriter& xml)>& members,
        const Decode& decode) {
    XmlWriter xml;
    xml.open(root, "http://ec2.amazonaws.com/doc/2016-11-15/");
    xml.element(list, [&] { xml.element("item", [&] { members(xml); }); });
    xml.close();
    auto page = decode(xml.text());
    SQUALL_ASSERT(page.has_value() && page->found.size() == 1 && page->next_token.empty());
    return std::move(page->found.front());
}

void check_groups(std::string_view text) {
    const auto page = squall::aws::decode_security_groups(text);
    if (!page) return;
    for (const auto& group : page->found) {
        for (const auto& rule : group.ip_permissions_egress) {
            SQUALL_ASSERT(are_ports(rule.ports));
            if (!are_words({rule.ip_protocol}) || !are_words(rule.cidr_ips)
                || !are_words(rule.group_ids))
                continue;
            const auto read = again<squall::aws::SecurityGroup>(
                "DescribeSecurityGroupsResponse",
                "securityGroupInfo",
                [&](XmlWriter& xml) {
                    xml.element("ipPermissionsEgress", [&] {
                        xml.element("item", [&] {
                            xml.leaf("ipProtocol", rule.ip_protocol);
                            write_ports(xml, "fromPort", "toPort", rule.ports);
                            write_list(xml, "ipRanges", "cidrIp", rule.cidr_ips);
                            write_list(xml, "groups", "groupId", rule.group_ids);
                        });
                    });
                },
                squall::aws::decode_security_groups);
            SQUALL_ASSERT(read.ip_permissions.empty() && read.ip_permissions_egress.size() == 1);
            const auto& same = read.ip_permissions_egress.front();
            SQUALL_ASSERT(same.ip_protocol == rule.ip_protocol && same.cidr_ips == rule.cidr_ips
                          && same.group_ids == rule.group_ids && same.ports.from == rule.ports.from
                          && same.ports.to == rule.ports.to);
        }
    }
}

void check_acls(std::string_view text) {
    const auto page = squall::aws::decode_network_acls(text);
    if (!page) return;
    for (const auto& acl : page->found) {
        for (const auto& entry : acl.entries) {
            SQUALL_ASSERT(are_ports(entry.ports));
            if (!are_words({entry.protocol, entry.cidr_block})) continue;
            const auto read = again<squall::aws::NetworkAcl>(
                "DescribeNetworkAclsResponse",
                "networkAclSet",
                [&](XmlWriter& xml) {
                    xml.element("entrySet", [&] {
                        xml.element("item", [&] {
                            xml.leaf("ruleNumber", fmt::format("{}", entry.rule_number));
                            xml.leaf("protocol", entry.protocol);
                            xml.leaf("ruleAction", entry.allows ? "allow" : "deny");
                            xml.leaf("egress", entry.egress ? "true" : "false");
                            xml.leaf("cidrBlock", entry.cidr_block);
                            xml.element("portRange",
                                        [&] { write_ports(xml, "from", "to", entry.ports); });
                        });
                    });
                },
                squall::aws::decode_network_acls);
            SQUALL_ASSERT(read.entries.size() == 1 && read.subnet_ids.empty());
            const auto& same = read.entries.front();
            SQUALL_ASSERT(same.rule_number == entry.rule_number && same.allows == entry.allows
                          && same.egress == entry.egress && same.protocol == entry.protocol
                          && same.cidr_block == entry.cidr_block
                          && same.ports.from == entry.ports.from
                          && same.ports.to == entry.ports.to);
        }
    }
}

void check_routes(std::string_view text) {
    const auto page = squall::aws::decode_route_tables(text);
    if (!page) return;
    for (const auto& table : page->found) {
        for (const auto& subnet : table.subnet_ids)
            SQUALL_ASSERT(!subnet.empty());
        for (const auto& route : table.routes) {
            if (!are_words({route.destination_cidr_block, route.target, route.state})) continue;
            const auto read = again<squall::aws::RouteTable>(
                "DescribeRouteTablesResponse",
                "routeTableSet",
                [&](XmlWriter& xml) {
                    xml.element("routeSet", [&] {
                        xml.element("item", [&] {
                            xml.leaf("destinationCidrBlock", route.destination_cidr_block);
                            xml.leaf("gatewayId", route.target);
                            xml.leaf("state", route.state);
                        });
                    });
                },
                squall::aws::decode_route_tables);
            SQUALL_ASSERT(read.routes.size() == 1 && !read.is_main);
            const auto& same = read.routes.front();
            SQUALL_ASSERT(same.destination_cidr_block == route.destination_cidr_block
                          && same.target == route.target && same.state == route.state);
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_groups(text);
    check_acls(text);
    check_routes(text);
    static_cast<void>(squall::aws::decode_subnets(text));
    static_cast<void>(squall::aws::decode_nat_gateways(text));
    static_cast<void>(squall::aws::decode_internet_gateways(text));
    static_cast<void>(squall::aws::decode_vpc_endpoints(text));
    static_cast<void>(squall::aws::decode_vpc_attribute(text, "enableDnsSupport"));
    return 0;
}
