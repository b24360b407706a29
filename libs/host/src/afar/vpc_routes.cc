// Routes: of those that fit an address the most specific one counts, and what none fits is dropped.
#include "afar/vpc.h"
#include "squall/base/text.h"

#include <algorithm>

namespace squall::host {
namespace {

const aws::RouteTable* table_of(const std::vector<aws::RouteTable>& tables,
                                const std::string& vpc,
                                const std::string& subnet) {
    const auto own = std::find_if(tables.begin(), tables.end(), [&](const auto& table) {
        return std::find(table.subnet_ids.begin(), table.subnet_ids.end(), subnet)
               != table.subnet_ids.end();
    });
    if (own != tables.end()) return &*own;
    const auto main = std::find_if(tables.begin(), tables.end(), [&](const auto& table) {
        return table.is_main && table.vpc_id == vpc;
    });
    return main == tables.end() ? nullptr : &*main;
}

// What gets which addresses.
struct Share {
    const aws::Route* route = nullptr; // null: no route fits
    AddressSet addresses;
};

std::vector<Share> shares_of(const aws::RouteTable& table, const AddressSet& wanted) {
    std::vector<const aws::Route*> routes;
    for (const auto& route : table.routes)
        if (prefix_length(route.destination_cidr_block) >= 0) routes.push_back(&route);
    std::stable_sort(routes.begin(), routes.end(), [](const auto* a, const auto* b) {
        return prefix_length(a->destination_cidr_block) > prefix_length(b->destination_cidr_block);
    });
    std::vector<Share> shares;
    AddressSet left = wanted;
    for (const auto* route : routes) {
        const auto block = AddressSet::of_cidr(route->destination_cidr_block);
        const AddressSet mine = left.common(block.value_or(AddressSet()));
        if (mine.empty()) continue;
        shares.push_back({route, mine});
        left = left.without(mine);
    }
    if (!left.empty()) shares.push_back({nullptr, left});
    return shares;
}

std::string table_text(const aws::RouteTable& table) {
    std::vector<std::string> texts;
    for (const auto& route : table.routes)
        texts.push_back(fmt::format("{}{}{} -> {} ({})",
                                    route.destination_cidr_block,
                                    route.destination_ipv6_cidr_block,
                                    route.destination_prefix_list_id,
                                    route.target.empty() ? "?" : route.target,
                                    route.state));
    return fmt::format("{}: {}", table.route_table_id, join(texts, "; "));
}

// Behind these EC2's API of this VPC shows nothing; "local" is the VPC itself.
bool is_open_ended(const aws::Route& route) {
    const auto leads_to = [&](std::string_view prefix) {
        return route.target.starts_with(prefix);
    };
    // A gateway endpoint (S3, DynamoDB) stands behind a prefix list, and for its service alone.
    const bool is_gateway_endpoint = leads_to("vpce-") && !route.destination_prefix_list_id.empty();
    return route.state == "active" && route.target != "local" && !leads_to("igw-")
           && !leads_to("nat-") && !leads_to("eigw-") && !is_gateway_endpoint;
}

class Road {
public:
    Road(const aws::Ec2Instance& instance, const VpcNetwork& network, const aws::RouteTable& table)
        : instance_(instance), network_(network), table_(table) {}

    [[nodiscard]] Passage to(const VpcDestination& destination) const {
        std::optional<Passage> open;
        std::optional<Passage> closed;
        std::optional<Passage> unsure;
        for (const Share& share : shares_of(table_, destination.addresses)) {
            Passage one = along(share, destination);
            if (one.way == Passage::Way::open) open = std::move(one);
            // The widest share comes last: it is what most addresses meet.
            else if (one.way == Passage::Way::closed)
                closed = std::move(one);
            else
                unsure = std::move(one);
        }
        if (unsure) return *unsure;
        if (!closed) return open_way();
        if (open)
            return unknown_way(fmt::format("route table {} leads some of {} out, and of others: {}",
                                           table_.route_table_id,
                                           destination.words,
                                           closed->why));
        const bool has_lists =
            std::any_of(table_.routes.begin(), table_.routes.end(), [](const auto& route) {
                return !route.destination_prefix_list_id.empty() && is_open_ended(route);
            });
        if (has_lists)
            return unknown_way(fmt::format("route table {} has routes by prefix lists: which "
                                           "addresses are in them is not known here",
                                           table_.route_table_id));
        return *closed;
    }

private:
    [[nodiscard]] Passage closed(const std::string& why, std::vector<std::string> remedy) const {
        return closed_way(
            why, evidence("ec2:DescribeRouteTables", table_text(table_)), std::move(remedy));
    }

    // To a gateway that is there, where EC2 has shown one.
    [[nodiscard]] std::string gateway() const {
        if (!instance_.public_ip.empty()) {
            const bool is_known = network_.internet_gateways && !network_.internet_gateways->empty()
                                  && network_.internet_gateways->front().vpc_ids
                                         == std::vector<std::string>{instance_.vpc_id};
            return "--gateway-id "
                   + (is_known ? network_.internet_gateways->front().internet_gateway_id : "IGW");
        }
        if (network_.nat_gateways) {
            for (const auto& nat : *network_.nat_gateways) {
                if (nat.vpc_id == instance_.vpc_id && nat.state == "available"
                    && nat.connectivity_type == "public")
                    return "--nat-gateway-id " + nat.nat_gateway_id;
            }
        }
        return "--nat-gateway-id NAT";
    }

    [[nodiscard]] std::string new_route(std::string_view verb) const {
        return fmt::format("aws ec2 {}-route --route-table-id {} --destination-cidr-block "
                           "0.0.0.0/0 {}",
                           verb,
                           table_.route_table_id,
                           gateway());
    }

    [[nodiscard]] Passage along(const Share& share, const VpcDestination& destination) const {
        if (share.route == nullptr)
            return closed(fmt::format("route table {} of subnet {} has no route to {}",
                                      table_.route_table_id,
                                      instance_.subnet_id,
                                      destination.words),
                          {new_route("create")});
        const aws::Route& route = *share.route;
        if (route.state == "blackhole")
            return closed(fmt::format("route {} of {} leads into a black hole: {} is gone",
                                      route.destination_cidr_block,
                                      table_.route_table_id,
                                      route.target.empty() ? "its target" : route.target),
                          {new_route("replace")});
        if (route.target == "local") return open_way();
        if (route.target.starts_with("igw-")) return by_internet_gateway(route);
        if (route.target.starts_with("nat-")) return by_nat_gateway(route, destination);
        return unknown_way(fmt::format("route {} of {} leads to {}: what is behind that, EC2 does "
                                       "not say",
                                       route.destination_cidr_block,
                                       table_.route_table_id,
                                       route.target));
    }

    [[nodiscard]] Passage by_internet_gateway(const aws::Route& route) const {
        if (instance_.public_ip.empty())
            return closed(fmt::format("route {} of {} leads to internet gateway {}, and the "
                                      "instance has no public address",
                                      route.destination_cidr_block,
                                      table_.route_table_id,
                                      route.target),
                          {fmt::format("aws ec2 associate-address --instance-id {} "
                                       "--allocation-id EIP; or a route to a NAT gateway",
                                       instance_.instance_id)});
        const auto attached = [&](const aws::InternetGateway& gateway) {
            return gateway.internet_gateway_id == route.target;
        };
        if (network_.internet_gateways
            && std::none_of(
                network_.internet_gateways->begin(), network_.internet_gateways->end(), attached))
            return closed(fmt::format("internet gateway {} is not attached to {}",
                                      route.target,
                                      instance_.vpc_id),
                          {fmt::format("aws ec2 attach-internet-gateway --internet-gateway-id {} "
                                       "--vpc-id {}",
                                       route.target,
                                       instance_.vpc_id)});
        return unless_blocked(instance_.subnet_id);
    }

    // VPC Block Public Access closes the gateway for a subnet, whatever the routes say.
    [[nodiscard]] Passage unless_blocked(const std::string& subnet_id) const {
        if (!network_.subnets) return open_way();
        for (const auto& subnet : *network_.subnets) {
            if (subnet.subnet_id != subnet_id
                || subnet.internet_gateway_block_mode != "block-bidirectional")
                continue;
            return closed(fmt::format("VPC Block Public Access keeps subnet {} from internet "
                                      "gateways",
                                      subnet_id),
                          {fmt::format("aws ec2 create-vpc-block-public-access-exclusion "
                                       "--subnet-id {} --internet-gateway-exclusion-mode "
                                       "allow-egress",
                                       subnet_id)});
        }
        return open_way();
    }

    [[nodiscard]] Passage by_nat_gateway(const aws::Route& route,
                                         const VpcDestination& destination) const {
        if (!network_.nat_gateways) return unanswered(network_.nat_gateways.error());
        const auto found =
            std::find_if(network_.nat_gateways->begin(),
                         network_.nat_gateways->end(),
                         [&](const auto& nat) { return nat.nat_gateway_id == route.target; });
        if (found == network_.nat_gateways->end())
            return unknown_way(fmt::format("EC2 does not show NAT gateway {}", route.target));
        if (found->state != "available")
            return closed(fmt::format("NAT gateway {} is {}{}{}",
                                      route.target,
                                      found->state,
                                      found->failure_message.empty() ? "" : ": ",
                                      found->failure_message),
                          {new_route("replace")});
        if (found->connectivity_type == "private")
            return unknown_way(
                fmt::format("NAT gateway {} is a private one: what is behind it, EC2 does not say",
                            route.target));
        return beyond_nat_gateway(*found, destination);
    }

    // The classic mistake: a NAT gateway in a subnet that is private itself.
    [[nodiscard]] Passage beyond_nat_gateway(const aws::NatGateway& nat,
                                             const VpcDestination& destination) const {
        // A regional one is in no subnet, and has its way out by itself.
        const auto* table = nat.subnet_id.empty()
                                ? nullptr
                                : table_of(*network_.route_tables, nat.vpc_id, nat.subnet_id);
        if (table == nullptr) return open_way();
        const auto shares = shares_of(*table, destination.addresses);
        const auto leads_out = [](const Share& share) {
            return share.route != nullptr && share.route->state == "active";
        };
        if (std::any_of(shares.begin(), shares.end(), leads_out))
            return unless_blocked(nat.subnet_id);
        return closed_way(
            fmt::format("the subnet {} of NAT gateway {} has no way out itself: route table {}",
                        nat.subnet_id,
                        nat.nat_gateway_id,
                        table->route_table_id),
            evidence("ec2:DescribeRouteTables", table_text(*table)),
            {fmt::format("aws ec2 create-route --route-table-id {} --destination-cidr-block "
                         "0.0.0.0/0 --gateway-id IGW",
                         table->route_table_id)});
    }

    const aws::Ec2Instance& instance_;
    const VpcNetwork& network_;
    const aws::RouteTable& table_;
};

} // namespace

Passage
by_route(const aws::Ec2Instance& instance, const VpcNetwork& network, const VpcDestination& to) {
    if (!network.route_tables) return unanswered(network.route_tables.error());
    const auto* table = table_of(*network.route_tables, instance.vpc_id, instance.subnet_id);
    if (table == nullptr)
        return unknown_way("EC2 shows no route table of subnet " + instance.subnet_id);
    return Road(instance, network, *table).to(to);
}

bool leads_elsewhere(const aws::Ec2Instance& instance, const VpcNetwork& network) {
    if (!network.route_tables) return true;
    const auto* table = table_of(*network.route_tables, instance.vpc_id, instance.subnet_id);
    return table == nullptr
           || std::any_of(table->routes.begin(), table->routes.end(), is_open_ended);
}

} // namespace squall::host
