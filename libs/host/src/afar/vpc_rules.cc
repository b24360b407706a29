// Security groups: what they let out of an instance, and into an endpoint. They remember
// connections, so answers come back by themselves.
#include "afar/vpc.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::host {
namespace {

constexpr int https = 443;

bool is_tcp(const aws::IpPermission& permission) {
    return permission.ip_protocol == "-1" || permission.ip_protocol == "tcp"
           || permission.ip_protocol == "6";
}

bool is_about_https(const aws::IpPermission& permission) {
    return is_tcp(permission)
           && (permission.ip_protocol == "-1"
               || (permission.ports.from <= https && https <= permission.ports.to));
}

// What rules let pass on port 443.
struct Permitted {
    AddressSet addresses;
    std::set<std::string, std::less<>> groups;
    bool has_prefix_lists = false;
    bool has_any_tcp = false; // some TCP, on whatever port

    void add(const aws::IpPermission& rule) {
        const bool names_peers = !rule.cidr_ips.empty() || !rule.cidr_ipv6s.empty()
                                 || !rule.group_ids.empty() || !rule.prefix_list_ids.empty();
        has_any_tcp |= is_tcp(rule) && names_peers;
        if (!is_about_https(rule)) return;
        addresses = addresses.united(AddressSet::of_cidrs(rule.cidr_ips));
        groups.insert(rule.group_ids.begin(), rule.group_ids.end());
        has_prefix_lists |= !rule.prefix_list_ids.empty();
    }

    [[nodiscard]] bool names_one_of(const std::vector<std::string>& ids) const {
        return std::any_of(
            ids.begin(), ids.end(), [&](const std::string& id) { return groups.contains(id); });
    }
};

std::string rule_text(const aws::IpPermission& rule) {
    std::vector<std::string> peers = rule.cidr_ips;
    for (const auto* more : {&rule.cidr_ipv6s, &rule.prefix_list_ids, &rule.group_ids})
        peers.insert(peers.end(), more->begin(), more->end());
    const std::string what =
        rule.ip_protocol == "-1"
            ? "all"
            : fmt::format("{} {}-{}", rule.ip_protocol, rule.ports.from, rule.ports.to);
    return fmt::format("{} with {}", what, join(peers, ", "));
}

std::string rules_text(const aws::SecurityGroup& group,
                       const std::vector<aws::IpPermission>& rules,
                       std::string_view direction) {
    std::vector<std::string> texts;
    for (const auto& rule : rules)
        texts.push_back(rule_text(rule));
    return fmt::format("{} ({}) {}: {}",
                       group.group_id,
                       group.group_name,
                       direction,
                       texts.empty() ? "no rule" : join(texts, "; "));
}

// Those of these ids; nothing where EC2 did not give all of them.
std::optional<std::vector<const aws::SecurityGroup*>>
groups_with(const std::vector<aws::SecurityGroup>& all, const std::vector<std::string>& ids) {
    std::vector<const aws::SecurityGroup*> found;
    for (const auto& id : ids) {
        const auto group = std::find_if(
            all.begin(), all.end(), [&](const auto& each) { return each.group_id == id; });
        if (group == all.end()) return std::nullopt;
        found.push_back(&*group);
    }
    return found;
}

std::string remedy_of(std::string_view direction, const std::string& group, std::string_view peer) {
    return fmt::format("aws ec2 authorize-security-group-{} --group-id {} --ip-permissions "
                       "'IpProtocol=tcp,FromPort=443,ToPort=443,{}'",
                       direction,
                       group,
                       peer);
}

} // namespace

Passage through_groups(const aws::Ec2Instance& instance,
                       const VpcNetwork& network,
                       const VpcDestination& to) {
    if (!network.groups) return unanswered(network.groups.error());
    const auto groups = groups_with(*network.groups, instance.group_ids);
    if (!groups || groups->empty())
        return unknown_way("EC2 does not show all security groups of the instance: "
                           + join(instance.group_ids, ", "));
    Permitted permitted;
    std::vector<std::string> texts;
    for (const auto* group : *groups) {
        for (const auto& rule : group->ip_permissions_egress)
            permitted.add(rule);
        texts.push_back(rules_text(*group, group->ip_permissions_egress, "egress"));
    }
    if (permitted.addresses.contains(to.addresses) || permitted.names_one_of(to.group_ids))
        return open_way();
    const std::string names = join(instance.group_ids, ", ");
    if (permitted.has_prefix_lists)
        return unknown_way(fmt::format(
            "security group {} lets 443 out to prefix lists: which addresses are in them is not "
            "known here",
            names));
    if (!permitted.addresses.common(to.addresses).empty())
        return unknown_way(
            fmt::format("security group {} lets 443 out to some of {}: whether the endpoint's are "
                        "among them is not known",
                        names,
                        to.words));
    Passage closed = closed_way(
        fmt::format("security group {} lets no 443 out to {}", names, to.words),
        evidence("ec2:DescribeSecurityGroups", join(texts, "\n")),
        {remedy_of("egress",
                   instance.group_ids.front(),
                   to.group_ids.empty()
                       ? "IpRanges=[{CidrIp=0.0.0.0/0}]"
                       : fmt::format("UserIdGroupPairs=[{{GroupId={}}}]", to.group_ids.front()))});
    closed.is_total = !permitted.has_any_tcp;
    return closed;
}

Passage into_endpoint(const aws::Ec2Instance& instance,
                      const VpcNetwork& network,
                      const aws::VpcEndpoint& endpoint) {
    if (!network.groups) return unanswered(network.groups.error());
    const auto groups = groups_with(*network.groups, endpoint.group_ids);
    if (!groups || groups->empty())
        return unknown_way("EC2 does not show all security groups of " + endpoint.vpc_endpoint_id);
    Permitted permitted;
    std::vector<std::string> texts;
    for (const auto* group : *groups) {
        for (const auto& rule : group->ip_permissions)
            permitted.add(rule);
        texts.push_back(rules_text(*group, group->ip_permissions, "ingress"));
    }
    const auto own = AddressSet::of_cidr(instance.private_ip);
    if (permitted.names_one_of(instance.group_ids) || (own && permitted.addresses.contains(*own)))
        return open_way();
    const std::string names = join(endpoint.group_ids, ", ");
    if (permitted.has_prefix_lists || !own)
        return unknown_way(fmt::format(
            "security group {} of {} lets 443 in from prefix lists: which addresses are in them is "
            "not known here",
            names,
            endpoint.vpc_endpoint_id));
    const std::string peer =
        instance.group_ids.empty()
            ? fmt::format("IpRanges=[{{CidrIp={}/32}}]", instance.private_ip)
            : fmt::format("UserIdGroupPairs=[{{GroupId={}}}]", instance.group_ids.front());
    return closed_way(fmt::format("security group {} of endpoint {} lets no 443 in from {}",
                                  names,
                                  endpoint.vpc_endpoint_id,
                                  instance.private_ip),
                      evidence("ec2:DescribeSecurityGroups", join(texts, "\n")),
                      {remedy_of("ingress", endpoint.group_ids.front(), peer)});
}

} // namespace squall::host
