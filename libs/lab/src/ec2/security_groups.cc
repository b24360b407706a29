// Security groups as EC2's calls make and show them.
#include "ec2/answers.h"
#include "ec2/firewall.h"
#include "ec2/network.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

#include <algorithm>
#include <array>

namespace squall::lab::ec2 {
namespace {

constexpr std::size_t name_max = 255;
constexpr int permissions_max = 60;
constexpr Kind groups{"GroupId", "InvalidGroup.NotFound", "security group", "securityGroupInfo"};

// A rule's peers, by their names in requests and in answers.
struct PeerNames {
    GroupRule::Peer peer;
    const char* list;
    const char* member;
    const char* list_shown;
    const char* member_shown;
};

constexpr std::array peer_names{
    PeerNames{GroupRule::Peer::cidr, "IpRanges", "CidrIp", "ipRanges", "cidrIp"},
    PeerNames{GroupRule::Peer::ipv6_cidr, "Ipv6Ranges", "CidrIpv6", "ipv6Ranges", "cidrIpv6"},
    PeerNames{GroupRule::Peer::prefix_list,
              "PrefixListIds",
              "PrefixListId",
              "prefixListIds",
              "prefixListId"},
    PeerNames{GroupRule::Peer::group, "Groups", "GroupId", "groups", "groupId"}};

using Rules = std::vector<GroupRule>;

tl::unexpected<wire::ServiceError> invalid(const std::string& what) {
    return refuse("InvalidParameterValue", what);
}

Result<Ports, wire::ServiceError> read_ports(const ApiCall& call, const std::string& prefix) {
    const auto from = to_integer(call.form.get(prefix + ".FromPort"));
    const auto to = to_integer(call.form.get(prefix + ".ToPort"));
    if (call.form.get(prefix + ".IpProtocol") == "-1") return Ports{};
    if (!from || !to || *from < -1 || *to > 65535 || *to < *from)
        return invalid(fmt::format("Invalid value for portRange. Must specify both from and to "
                                   "ports, the first not above the second ({}).",
                                   prefix));
    return Ports{static_cast<int>(*from), static_cast<int>(*to)};
}

// Each peer of each permission is a rule.
Result<Rules, wire::ServiceError> read_rules(const ApiCall& call) {
    Rules rules;
    for (int i = 1; i <= permissions_max; ++i) {
        const std::string prefix = fmt::format("IpPermissions.{}", i);
        if (!call.form.has_structure(prefix)) break;
        const std::string protocol(call.form.get(prefix + ".IpProtocol"));
        if (protocol.empty())
            return refuse("MissingParameter", "The request must contain the parameter ipProtocol");
        const auto ports = read_ports(call, prefix);
        if (!ports) return fail(ports.error());
        for (const auto& names : peer_names) {
            for (int j = 1; j <= permissions_max; ++j) {
                const std::string peer = fmt::format("{}.{}.{}", prefix, names.list, j);
                if (!call.form.has_structure(peer)) break;
                const std::string value(call.form.get(fmt::format("{}.{}", peer, names.member)));
                if (names.peer == GroupRule::Peer::cidr && !is_cidr_block(value))
                    return invalid(fmt::format("CIDR block {} is malformed", value));
                rules.push_back({protocol, *ports, names.peer, value});
            }
        }
    }
    if (rules.empty())
        return refuse("MissingParameter",
                      "The request must contain the parameter ipPermissions, with a peer");
    return rules;
}

// Those of one kind, of rules that are alike otherwise.
void write_peers(wire::XmlWriter& xml,
                 const PeerNames& names,
                 const Rules& alike,
                 const std::string& account) {
    for (const GroupRule& rule : alike) {
        if (rule.peer != names.peer) continue;
        xml.element("item", [&] {
            if (names.peer == GroupRule::Peer::group) xml.leaf("userId", account);
            xml.leaf(names.member_shown, rule.value);
        });
    }
}

// As EC2 shows them: peers of one protocol and range together.
void write_rules(wire::XmlWriter& xml, const Rules& rules, const std::string& account) {
    Rules told;
    for (const GroupRule& rule : rules) {
        const auto is_alike = [&](const GroupRule& other) {
            return other.protocol == rule.protocol && other.ports == rule.ports;
        };
        if (std::any_of(told.begin(), told.end(), is_alike)) continue;
        told.push_back(rule);
        Rules alike;
        std::copy_if(rules.begin(), rules.end(), std::back_inserter(alike), is_alike);
        xml.element("item", [&] {
            xml.leaf("ipProtocol", rule.protocol);
            if (rule.protocol != "-1") {
                xml.leaf("fromPort", fmt::format("{}", rule.ports.from));
                xml.leaf("toPort", fmt::format("{}", rule.ports.to));
            }
            for (const auto& names : peer_names)
                xml.element(names.list_shown, [&] { write_peers(xml, names, alike, account); });
        });
    }
}

void write_group(wire::XmlWriter& xml, const SecurityGroup& group, const ApiCall& call) {
    const std::string account = account_of(call);
    xml.leaf("ownerId", account);
    xml.leaf("groupId", group.id);
    xml.leaf("groupName", group.name);
    xml.leaf("groupDescription", group.description);
    xml.leaf("vpcId", vpc_id);
    xml.leaf("securityGroupArn",
             fmt::format("arn:aws:ec2:{}:{}:security-group/{}", call.region, account, group.id));
    xml.element("ipPermissions", [&] { write_rules(xml, group.ingress, account); });
    xml.element("ipPermissionsEgress", [&] { write_rules(xml, group.egress, account); });
}

bool has(const Rules& rules, const GroupRule& rule) {
    return std::find(rules.begin(), rules.end(), rule) != rules.end();
}

} // namespace

Answer Firewall::describe_security_groups(const ApiCall& call) {
    std::vector<Item> items;
    for (const auto& each : groups_) {
        const SecurityGroup& group = each.second;
        items.push_back({group.id,
                         {{"group-id", group.id},
                          {"group-name", group.name},
                          {"description", group.description},
                          {"vpc-id", vpc_id}},
                         [&](wire::XmlWriter& xml) {
                             write_group(xml, group, call);
                         }});
    }
    return list_of(call, groups, items);
}

Answer Firewall::create_security_group(const ApiCall& call) {
    const std::string name(call.form.get("GroupName"));
    const std::string description(call.form.get("GroupDescription"));
    if (name.empty() || description.empty())
        return refuse("MissingParameter",
                      "The request must contain the parameters GroupName and GroupDescription");
    if (name.size() > name_max || description.size() > name_max || name.starts_with("sg-"))
        return invalid(fmt::format("Value ({}) for parameter GroupName is invalid.",
                                   name.substr(0, name_max)));
    const auto vpc = call.form.get("VpcId");
    if (!vpc.empty() && vpc != vpc_id)
        return refuse("InvalidVpcID.NotFound", fmt::format("The vpc ID '{}' does not exist", vpc));
    for (const auto& [id, group] : groups_) {
        if (group.name == name)
            return refuse(
                "InvalidGroup.Duplicate",
                fmt::format("The security group '{}' already exists for VPC '{}'", name, vpc_id));
    }
    if (groups_.size() >= groups_max)
        return refuse("SecurityGroupLimitExceeded",
                      "The maximum number of security groups has been reached.");
    const auto& made = add_group(name, description);
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.leaf("return", "true");
        xml.leaf("groupId", made.id);
    });
}

Result<SecurityGroup*, wire::ServiceError> Firewall::group_of(const ApiCall& call) {
    const auto id = call.form.get("GroupId");
    if (id.empty())
        return refuse("MissingParameter", "The request must contain the parameter groupId");
    const auto found = groups_.find(id);
    if (found == groups_.end()) return no_such(groups, id);
    return &found->second;
}

Answer Firewall::delete_security_group(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const std::string id = (*group)->id;
    if (id == security_group_id)
        return refuse("CannotDelete",
                      fmt::format("the specified group: \"{}\" name: \"default\" cannot be deleted "
                                  "by a user",
                                  id));
    if (is_in_use_(id))
        return refuse("DependencyViolation", fmt::format("resource {} has a dependent object", id));
    remove_group(id);
    return done(call);
}

Answer Firewall::authorize_egress(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto rules = read_rules(call);
    if (!rules) return fail(rules.error());
    auto& known = (*group)->egress;
    for (const auto& rule : *rules) {
        if (has(known, rule))
            return refuse("InvalidPermission.Duplicate",
                          fmt::format("the specified rule \"peer: {}, {}, from port: {}, to port: "
                                      "{}, ALLOW\" already exists",
                                      rule.value,
                                      rule.protocol,
                                      rule.ports.from,
                                      rule.ports.to));
    }
    if (known.size() + rules->size() > rules_max)
        return refuse("RulesPerSecurityGroupLimitExceeded",
                      "The maximum number of rules per security group has been reached.");
    known.insert(known.end(), rules->begin(), rules->end());
    changed();
    return done(call);
}

Answer Firewall::revoke_egress(const ApiCall& call) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    const auto rules = read_rules(call);
    if (!rules) return fail(rules.error());
    auto& known = (*group)->egress;
    for (const auto& rule : *rules) {
        if (!has(known, rule))
            return refuse("InvalidPermission.NotFound",
                          "The specified rule does not exist in this security group.");
    }
    std::erase_if(known, [&](const GroupRule& rule) { return has(*rules, rule); });
    changed();
    return done(call);
}

} // namespace squall::lab::ec2
