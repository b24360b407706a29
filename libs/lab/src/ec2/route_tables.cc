// Route tables as EC2's calls make and show them.
#include "ec2/answers.h"
#include "ec2/firewall.h"
#include "ec2/network.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

#include <algorithm>

namespace squall::lab::ec2 {
namespace {

constexpr std::size_t routes_max = 50;
constexpr Kind route_tables{
    "RouteTableId", "InvalidRouteTableID.NotFound", "routeTable ID", "routeTableSet"};
constexpr const char* main_association = "rtbassoc-0000000000000000d";

bool is_default_route(const Route& route) { return route.target == "local"; }

void write_route(wire::XmlWriter& xml, const Route& route) {
    xml.element("item", [&] {
        xml.leaf("destinationCidrBlock", route.destination_cidr_block);
        xml.leaf(route.target.starts_with("nat-") ? "natGatewayId" : "gatewayId", route.target);
        xml.leaf("state", route.is_blackhole ? "blackhole" : "active");
        xml.leaf("origin", is_default_route(route) ? "CreateRouteTable" : "CreateRoute");
    });
}

void write_association(wire::XmlWriter& xml,
                       const std::string& id,
                       const std::string& table,
                       const std::string& subnet) {
    xml.element("item", [&] {
        xml.leaf("routeTableAssociationId", id);
        xml.leaf("routeTableId", table);
        if (!subnet.empty()) xml.leaf("subnetId", subnet);
        xml.leaf("main", subnet.empty() ? "true" : "false");
        xml.element("associationState", [&] { xml.leaf("state", "associated"); });
    });
}

void write_table(wire::XmlWriter& xml, const RouteTable& table, const std::string& account) {
    xml.leaf("routeTableId", table.id);
    xml.leaf("vpcId", vpc_id);
    xml.leaf("ownerId", account);
    xml.element("routeSet", [&] {
        for (const auto& route : table.routes)
            write_route(xml, route);
    });
    xml.element("associationSet", [&] {
        if (table.is_main) write_association(xml, main_association, table.id, {});
        for (const auto& [subnet, id] : table.associations)
            write_association(xml, id, table.id, subnet);
    });
    xml.element("propagatingVgwSet", [] {});
}

// The gateways that there are here. A route to anything else is refused as AWS refuses what it does
// not know.
Result<std::string, wire::ServiceError> read_target(const ApiCall& call) {
    const std::string nat(call.form.get("NatGatewayId"));
    const std::string gateway(call.form.get("GatewayId"));
    if (!nat.empty() && nat != nat_gateway_id)
        return refuse("InvalidNatGatewayID.NotFound",
                      fmt::format("The natGateway ID '{}' does not exist", nat));
    if (!gateway.empty() && gateway != internet_gateway_id)
        return refuse("InvalidGatewayID.NotFound",
                      fmt::format("The gateway ID '{}' does not exist", gateway));
    if (nat.empty() == gateway.empty())
        return refuse("InvalidParameterCombination",
                      "Exactly one of NatGatewayId and GatewayId must be given; this lab has no "
                      "other targets.");
    return nat.empty() ? gateway : nat;
}

Result<std::string, wire::ServiceError> read_destination(const ApiCall& call) {
    std::string block(call.form.get("DestinationCidrBlock"));
    if (!is_cidr_block(block))
        return refuse("InvalidParameterValue",
                      fmt::format("Value ({}) for parameter destinationCidrBlock is invalid. This "
                                  "is not a valid CIDR block.",
                                  block));
    return block;
}

Route* route_with(RouteTable& table, const std::string& destination) {
    const auto found =
        std::find_if(table.routes.begin(), table.routes.end(), [&](const Route& route) {
            return route.destination_cidr_block == destination;
        });
    return found == table.routes.end() ? nullptr : &*found;
}

// The route that there is, and that people may change.
Result<Route*, wire::ServiceError> changeable(RouteTable& table, const std::string& destination) {
    Route* route = route_with(table, destination);
    if (route == nullptr)
        return refuse("InvalidRoute.NotFound",
                      fmt::format("no route with destination-cidr-block {} in route table {}",
                                  destination,
                                  table.id));
    if (is_default_route(*route))
        return refuse("InvalidParameterValue",
                      fmt::format("cannot change local route {} in route table", destination));
    return route;
}

} // namespace

Answer Firewall::describe_route_tables(const ApiCall& call) {
    std::vector<Item> items;
    for (const auto& each : tables_) {
        const RouteTable& table = each.second;
        Members members{{"route-table-id", table.id},
                        {"vpc-id", vpc_id},
                        {"association.main", table.is_main ? "true" : "false"},
                        {"association.subnet-id", ""}};
        for (const auto& [subnet, association] : table.associations)
            members.emplace("association.subnet-id", subnet);
        items.push_back({table.id, std::move(members), [&](wire::XmlWriter& xml) {
                             write_table(xml, table, account_of(call));
                         }});
    }
    return list_of(call, route_tables, items);
}

Result<RouteTable*, wire::ServiceError> Firewall::table_of_call(const ApiCall& call) {
    const auto id = call.form.get("RouteTableId");
    const auto found = tables_.find(id);
    if (found == tables_.end()) return no_such(route_tables, id);
    return &found->second;
}

Answer Firewall::create_route_table(const ApiCall& call) {
    if (call.form.get("VpcId") != vpc_id)
        return refuse("InvalidVpcID.NotFound",
                      fmt::format("The vpc ID '{}' does not exist", call.form.get("VpcId")));
    if (tables_.size() >= route_tables_max)
        return refuse("RouteTableLimitExceeded",
                      "The maximum number of route tables has been reached.");
    const auto& made = add_route_table();
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.element("routeTable", [&] { write_table(xml, made, account_of(call)); });
    });
}

Answer Firewall::delete_route_table(const ApiCall& call) {
    const auto table = table_of_call(call);
    if (!table) return fail(table.error());
    if ((*table)->is_main || !(*table)->associations.empty())
        return refuse("DependencyViolation",
                      fmt::format("The routeTable '{}' has dependencies and cannot be deleted.",
                                  (*table)->id));
    const std::string id = (*table)->id;
    remove_route_table(id);
    return done(call);
}

Answer Firewall::associate_route_table(const ApiCall& call) {
    const auto table = table_of_call(call);
    if (!table) return fail(table.error());
    const std::string subnet(call.form.get("SubnetId"));
    if (!subnet_with_id(call.region, subnet))
        return refuse("InvalidSubnetID.NotFound",
                      fmt::format("The subnet ID '{}' does not exist", subnet));
    for (const auto& [id, each] : tables_) {
        const auto known = each.associations.find(subnet);
        if (known != each.associations.end() && id != (*table)->id)
            return refuse("Resource.AlreadyAssociated",
                          fmt::format("the specified association for route table {} conflicts with "
                                      "an existing association",
                                      (*table)->id));
    }
    const std::string association = give_route_table(subnet, (*table)->id);
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.leaf("associationId", association);
        xml.element("associationState", [&] { xml.leaf("state", "associated"); });
    });
}

Answer Firewall::disassociate_route_table(const ApiCall& call) {
    const auto id = call.form.get("AssociationId");
    if (id == main_association)
        return refuse("InvalidParameterValue",
                      fmt::format("cannot disassociate the main route table association {}", id));
    for (auto& [table_id, table] : tables_) {
        const auto gone =
            std::erase_if(table.associations, [&](const auto& each) { return each.second == id; });
        if (gone == 0) continue;
        changed();
        return done(call);
    }
    return refuse("InvalidAssociationID.NotFound",
                  fmt::format("The association ID '{}' does not exist", id));
}

Answer Firewall::create_route(const ApiCall& call) {
    const auto table = table_of_call(call);
    if (!table) return fail(table.error());
    const auto destination = read_destination(call);
    if (!destination) return fail(destination.error());
    const auto target = read_target(call);
    if (!target) return fail(target.error());
    if (route_with(**table, *destination) != nullptr)
        return refuse("RouteAlreadyExists",
                      fmt::format("The route identified by {} already exists.", *destination));
    if ((*table)->routes.size() >= routes_max)
        return refuse("RouteLimitExceeded", "The maximum number of routes has been reached.");
    (*table)->routes.push_back({*destination, *target, false});
    changed();
    return done(call);
}

Answer Firewall::replace_route(const ApiCall& call) {
    const auto table = table_of_call(call);
    if (!table) return fail(table.error());
    const auto destination = read_destination(call);
    if (!destination) return fail(destination.error());
    const auto target = read_target(call);
    if (!target) return fail(target.error());
    const auto route = changeable(**table, *destination);
    if (!route) return fail(route.error());
    **route = {*destination, *target, false};
    changed();
    return done(call);
}

Answer Firewall::delete_route(const ApiCall& call) {
    const auto table = table_of_call(call);
    if (!table) return fail(table.error());
    const auto destination = read_destination(call);
    if (!destination) return fail(destination.error());
    const auto route = changeable(**table, *destination);
    if (!route) return fail(route.error());
    std::erase_if((*table)->routes, [&](const Route& each) { return &each == *route; });
    changed();
    return done(call);
}

} // namespace squall::lab::ec2
