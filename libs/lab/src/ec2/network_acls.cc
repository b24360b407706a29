// Network ACLs as EC2's calls make and show them.
#include "ec2/answers.h"
#include "ec2/firewall.h"
#include "ec2/network.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

#include <algorithm>

namespace squall::lab::ec2 {
namespace {

constexpr int protocol_max = 255;
constexpr Kind acls{
    "NetworkAclId", "InvalidNetworkAclID.NotFound", "network acl ID", "networkAclSet"};

tl::unexpected<wire::ServiceError> invalid(std::string_view parameter, std::string_view value) {
    return refuse("InvalidParameterValue",
                  fmt::format("Invalid value '{}' for {}.", value, parameter));
}

tl::unexpected<wire::ServiceError> missing(std::string_view parameter) {
    return refuse("MissingParameter",
                  fmt::format("The request must contain the parameter {}", parameter));
}

// "tcp" may be said for 6, as the AWS CLI's users do.
std::optional<std::string> read_protocol(std::string_view text) {
    if (text == "-1" || text == "all") return "-1";
    if (text == "tcp") return "6";
    if (text == "udp") return "17";
    if (text == "icmp") return "1";
    const auto number = to_integer(text);
    if (!number || *number < 0 || *number > protocol_max) return std::nullopt;
    return fmt::format("{}", *number);
}

struct Position {
    int number = 0;
    bool egress = false;

    [[nodiscard]] bool is_of(const AclEntry& entry) const {
        return entry.number == number && entry.egress == egress;
    }
};

Result<Position, wire::ServiceError> read_position(const ApiCall& call) {
    const auto number = to_integer(call.form.get("RuleNumber"));
    if (!number) return missing("ruleNumber");
    // The last one is AWS's own.
    if (*number < 1 || *number >= NetworkAcl::last_rule)
        return invalid("ruleNumber", call.form.get("RuleNumber"));
    const auto egress = call.form.get("Egress");
    if (egress != "true" && egress != "false") return missing("egress");
    return Position{static_cast<int>(*number), egress == "true"};
}

Result<AclEntry, wire::ServiceError> read_entry(const ApiCall& call) {
    const auto position = read_position(call);
    if (!position) return fail(position.error());
    const auto protocol = read_protocol(call.form.get("Protocol"));
    if (!protocol) return invalid("protocol", call.form.get("Protocol"));
    const auto action = call.form.get("RuleAction");
    if (action != "allow" && action != "deny") return invalid("ruleAction", action);
    const std::string block(call.form.get("CidrBlock"));
    if (!is_cidr_block(block)) return invalid("cidrBlock", block);
    AclEntry entry{position->number, position->egress, *protocol, action == "allow", block, {}};
    if (*protocol == "6" || *protocol == "17") {
        const auto from = to_integer(call.form.get("PortRange.From"));
        const auto to = to_integer(call.form.get("PortRange.To"));
        if (!from || !to) return missing("portRange");
        if (*from < 0 || *to > 65535 || *to < *from)
            return invalid("portRange", fmt::format("{}-{}", *from, *to));
        entry.ports = {static_cast<int>(*from), static_cast<int>(*to)};
    }
    return entry;
}

void write_entry(wire::XmlWriter& xml, const AclEntry& entry) {
    xml.element("item", [&] {
        xml.leaf("ruleNumber", fmt::format("{}", entry.number));
        xml.leaf("protocol", entry.protocol);
        xml.leaf("ruleAction", entry.allows ? "allow" : "deny");
        xml.leaf("egress", entry.egress ? "true" : "false");
        xml.leaf("cidrBlock", entry.cidr_block);
        if (entry.protocol == "6" || entry.protocol == "17")
            xml.element("portRange", [&] {
                xml.leaf("from", fmt::format("{}", entry.ports.from));
                xml.leaf("to", fmt::format("{}", entry.ports.to));
            });
    });
}

void put_in_order(std::vector<AclEntry>& entries) {
    std::sort(entries.begin(), entries.end(), [](const AclEntry& a, const AclEntry& b) {
        return a.egress != b.egress ? a.egress < b.egress : a.number < b.number;
    });
}

tl::unexpected<wire::ServiceError> no_such_entry(const Position& position) {
    return refuse("InvalidNetworkAclEntry.NotFound",
                  fmt::format("The network acl entry identified by rule number {} ({}) does not "
                              "exist.",
                              position.number,
                              position.egress ? "egress" : "ingress"));
}

} // namespace

void Firewall::write_acl(wire::XmlWriter& xml,
                         const NetworkAcl& acl,
                         const std::string& account) const {
    xml.leaf("networkAclId", acl.id);
    xml.leaf("vpcId", vpc_id);
    xml.leaf("ownerId", account);
    xml.leaf("default", acl.is_default ? "true" : "false");
    xml.element("entrySet", [&] {
        for (const auto& entry : acl.entries)
            write_entry(xml, entry);
    });
    xml.element("associationSet", [&] {
        for (const auto& each : acl_associations_) {
            if (each.second.acl_id != acl.id) continue;
            xml.element("item", [&] {
                xml.leaf("networkAclAssociationId", each.second.id);
                xml.leaf("networkAclId", acl.id);
                xml.leaf("subnetId", each.first);
            });
        }
    });
}

Answer Firewall::describe_network_acls(const ApiCall& call) {
    std::vector<Item> items;
    for (const auto& each : acls_) {
        const NetworkAcl& acl = each.second;
        Members members{{"network-acl-id", acl.id},
                        {"vpc-id", vpc_id},
                        {"default", acl.is_default ? "true" : "false"}};
        // Without any the filter is known all the same.
        members.emplace("association.subnet-id", "");
        for (const auto& [subnet, association] : acl_associations_)
            if (association.acl_id == acl.id) members.emplace("association.subnet-id", subnet);
        items.push_back({acl.id, std::move(members), [&](wire::XmlWriter& xml) {
                             write_acl(xml, acl, account_of(call));
                         }});
    }
    return list_of(call, acls, items);
}

Result<NetworkAcl*, wire::ServiceError> Firewall::acl_of(const ApiCall& call) {
    const auto id = call.form.get("NetworkAclId");
    const auto found = acls_.find(id);
    if (found == acls_.end()) return no_such(acls, id);
    return &found->second;
}

Answer Firewall::create_network_acl(const ApiCall& call) {
    if (call.form.get("VpcId") != vpc_id)
        return refuse("InvalidVpcID.NotFound",
                      fmt::format("The vpc ID '{}' does not exist", call.form.get("VpcId")));
    if (acls_.size() >= acls_max)
        return refuse("NetworkAclLimitExceeded",
                      "The maximum number of network acls has been reached.");
    const auto& made = add_acl();
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.element("networkAcl", [&] { write_acl(xml, made, account_of(call)); });
    });
}

Answer Firewall::delete_network_acl(const ApiCall& call) {
    const auto acl = acl_of(call);
    if (!acl) return fail(acl.error());
    const std::string id = (*acl)->id;
    if ((*acl)->is_default)
        return refuse("InvalidParameterValue",
                      fmt::format("cannot delete default network ACL {}", id));
    const bool is_used = std::any_of(acl_associations_.begin(),
                                     acl_associations_.end(),
                                     [&](const auto& each) { return each.second.acl_id == id; });
    if (is_used)
        return refuse(
            "DependencyViolation",
            fmt::format("The networkAcl '{}' has dependencies and cannot be deleted.", id));
    remove_acl(id);
    return done(call);
}

Answer Firewall::create_network_acl_entry(const ApiCall& call) {
    const auto acl = acl_of(call);
    if (!acl) return fail(acl.error());
    const auto entry = read_entry(call);
    if (!entry) return fail(entry.error());
    const Position position{entry->number, entry->egress};
    auto& entries = (*acl)->entries;
    if (std::any_of(entries.begin(), entries.end(), [&](const AclEntry& each) {
            return position.is_of(each);
        }))
        return refuse(
            "NetworkAclEntryAlreadyExists",
            fmt::format("The network acl entry identified by {} already exists.", entry->number));
    if (entries.size() >= entries_max)
        return refuse("NetworkAclEntryLimitExceeded",
                      "The maximum number of network acl entries has been reached.");
    entries.push_back(*entry);
    put_in_order(entries);
    changed();
    return done(call);
}

Answer Firewall::replace_network_acl_entry(const ApiCall& call) {
    const auto acl = acl_of(call);
    if (!acl) return fail(acl.error());
    const auto entry = read_entry(call);
    if (!entry) return fail(entry.error());
    const Position position{entry->number, entry->egress};
    for (auto& each : (*acl)->entries) {
        if (!position.is_of(each)) continue;
        each = *entry;
        changed();
        return done(call);
    }
    return no_such_entry(position);
}

Answer Firewall::delete_network_acl_entry(const ApiCall& call) {
    const auto acl = acl_of(call);
    if (!acl) return fail(acl.error());
    const auto position = read_position(call);
    if (!position) return fail(position.error());
    const auto gone = std::erase_if((*acl)->entries,
                                    [&](const AclEntry& entry) { return position->is_of(entry); });
    if (gone == 0) return no_such_entry(*position);
    changed();
    return done(call);
}

Answer Firewall::replace_network_acl_association(const ApiCall& call) {
    const auto acl = acl_of(call);
    if (!acl) return fail(acl.error());
    const auto id = call.form.get("AssociationId");
    const auto found = std::find_if(acl_associations_.begin(),
                                    acl_associations_.end(),
                                    [&](const auto& each) { return each.second.id == id; });
    if (found == acl_associations_.end())
        return refuse("InvalidAssociationID.NotFound",
                      fmt::format("The association ID '{}' does not exist", id));
    give_acl(found->first, (*acl)->id);
    return answer_with(
        call, [&](wire::XmlWriter& xml) { xml.leaf("newAssociationId", found->second.id); });
}

} // namespace squall::lab::ec2
