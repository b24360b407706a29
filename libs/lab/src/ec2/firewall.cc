#include "ec2/firewall.h"

#include "ec2/network.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

#include <algorithm>

namespace squall::lab::ec2 {
namespace {

constexpr std::size_t id_digits = 17;
constexpr const char* anywhere = "0.0.0.0/0";

AclEntry last_entry(bool egress) {
    return {NetworkAcl::last_rule, egress, "-1", false, anywhere, {}};
}

Route own_route() { return {vpc_cidr_block, "local", false}; }

} // namespace

Firewall::Firewall(std::function<bool(const std::string& group_id)> has_group)
    : is_in_use_(std::move(has_group)) {
    groups_[security_group_id] = {security_group_id,
                                  "default",
                                  "default VPC security group",
                                  {{"-1", {}, GroupRule::Peer::group, security_group_id}},
                                  {{"-1", {}, GroupRule::Peer::cidr, anywhere}}};
    acls_[network_acl_id] = {network_acl_id,
                             true,
                             {{100, false, "-1", true, anywhere, {}},
                              last_entry(/*egress=*/false),
                              {100, true, "-1", true, anywhere, {}},
                              last_entry(/*egress=*/true)}};
    // Subnets have the same ids in every region.
    for (const auto& subnet : subnets_of(""))
        acl_associations_[subnet.id] = {
            "aclassoc-0000000000000000" + subnet.id.substr(subnet.id.size() - 1), network_acl_id};
    tables_[route_table_id] = {
        route_table_id, true, {own_route(), {anywhere, nat_gateway_id, false}}, {}};
}

std::optional<Answer> Firewall::call(const ApiCall& call) {
    static const OperationTable<Firewall> operations{
        {"AssociateRouteTable", &Firewall::associate_route_table},
        {"AuthorizeSecurityGroupEgress", &Firewall::authorize_egress},
        {"CreateNetworkAcl", &Firewall::create_network_acl},
        {"CreateNetworkAclEntry", &Firewall::create_network_acl_entry},
        {"CreateRoute", &Firewall::create_route},
        {"CreateRouteTable", &Firewall::create_route_table},
        {"CreateSecurityGroup", &Firewall::create_security_group},
        {"DeleteNetworkAcl", &Firewall::delete_network_acl},
        {"DeleteNetworkAclEntry", &Firewall::delete_network_acl_entry},
        {"DeleteRoute", &Firewall::delete_route},
        {"DeleteRouteTable", &Firewall::delete_route_table},
        {"DeleteSecurityGroup", &Firewall::delete_security_group},
        {"DescribeInternetGateways", &Firewall::describe_internet_gateways},
        {"DescribeNatGateways", &Firewall::describe_nat_gateways},
        {"DescribeNetworkAcls", &Firewall::describe_network_acls},
        {"DescribeRouteTables", &Firewall::describe_route_tables},
        {"DescribeSecurityGroups", &Firewall::describe_security_groups},
        {"DescribeVpcAttribute", &Firewall::describe_vpc_attribute},
        {"DescribeVpcEndpoints", &Firewall::describe_vpc_endpoints},
        {"DescribeVpcs", &Firewall::describe_vpcs},
        {"DisassociateRouteTable", &Firewall::disassociate_route_table},
        {"ReplaceNetworkAclAssociation", &Firewall::replace_network_acl_association},
        {"ReplaceNetworkAclEntry", &Firewall::replace_network_acl_entry},
        {"ReplaceRoute", &Firewall::replace_route},
        {"RevokeSecurityGroupEgress", &Firewall::revoke_egress}};
    if (operations.contains(call.operation) && call.form.get("DryRun") == "true")
        return refuse(
            "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
    return call_operation(*this, operations, call);
}

bool Firewall::lets_out(const Place& from, std::string_view address, int port) const {
    const bool is_let_by_group =
        std::any_of(from.group_ids.begin(), from.group_ids.end(), [&](const std::string& id) {
            const auto group = groups_.find(id);
            return group != groups_.end() && ec2::lets_out(group->second, address, port);
        });
    const auto association = acl_associations_.find(from.subnet_id);
    // An instance of no subnet of ours is on the wire all the same.
    const bool is_let_by_acl =
        association == acl_associations_.end()
        || ec2::lets_out(acls_.find(association->second.acl_id)->second, address, port);
    const Route* route = route_to(table_of(from.subnet_id), address);
    return is_let_by_group && is_let_by_acl && route != nullptr && !route->is_blackhole
           && route->target == nat_gateway_id;
}

const RouteTable& Firewall::table_of(const std::string& subnet_id) const {
    const auto own = std::find_if(tables_.begin(), tables_.end(), [&](const auto& each) {
        return each.second.associations.contains(subnet_id);
    });
    return own == tables_.end() ? tables_.find(route_table_id)->second : own->second;
}

std::string Firewall::own_route_table(const std::string& subnet_id) const {
    const auto& table = table_of(subnet_id);
    return table.associations.contains(subnet_id) ? table.id : std::string();
}

const SecurityGroup& Firewall::add_group(const std::string& name, const std::string& description) {
    const std::string id = "sg-" + random_hex(id_digits);
    return groups_[id] = {id, name, description, {}, {{"-1", {}, GroupRule::Peer::cidr, anywhere}}};
}

void Firewall::close_group(const std::string& id) {
    if (const auto found = groups_.find(id); found != groups_.end()) found->second.egress.clear();
    changed();
}

void Firewall::remove_group(const std::string& id) {
    groups_.erase(id);
    changed();
}

const NetworkAcl& Firewall::add_acl() {
    const std::string id = "acl-" + random_hex(id_digits);
    return acls_[id] = {id, false, {last_entry(/*egress=*/false), last_entry(/*egress=*/true)}};
}

void Firewall::remove_acl(const std::string& id) {
    if (id == network_acl_id) return;
    for (auto& [subnet, association] : acl_associations_)
        if (association.acl_id == id) association.acl_id = network_acl_id;
    acls_.erase(id);
    changed();
}

std::string Firewall::give_acl(const std::string& subnet_id, const std::string& acl_id) {
    const auto found = acl_associations_.find(subnet_id);
    if (found == acl_associations_.end() || !acls_.contains(acl_id)) return {};
    std::string before = found->second.acl_id;
    found->second = {"aclassoc-" + random_hex(id_digits), acl_id};
    changed();
    return before;
}

const RouteTable& Firewall::add_route_table() {
    const std::string id = "rtb-" + random_hex(id_digits);
    return tables_[id] = {id, false, {own_route()}, {}};
}

void Firewall::remove_route_table(const std::string& id) {
    if (id != route_table_id) tables_.erase(id);
    changed();
}

std::string Firewall::give_route_table(const std::string& subnet_id, const std::string& table_id) {
    const auto found = tables_.find(table_id);
    if (found == tables_.end()) return {};
    for (auto& [id, table] : tables_)
        table.associations.erase(subnet_id);
    std::string association = "rtbassoc-" + random_hex(id_digits);
    found->second.associations[subnet_id] = association;
    changed();
    return association;
}

} // namespace squall::lab::ec2
