// EC2's answers about all patients' networks: eight lists, however many patients there are, and two
// attributes of each VPC.
#include "afar/vpc.h"

namespace squall::host {
namespace {

using Ids = std::vector<std::string>;

// Of what EC2 answered; nothing where it did not.
template <class T, class Each>
void gather(const aws::Outcome<std::vector<T>>& answer, const Each& each) {
    if (!answer) return;
    for (const T& one : *answer)
        each(one);
}

Ids text_of(const std::set<std::string>& ids) { return {ids.begin(), ids.end()}; }

bool is_of_ecs(const aws::VpcEndpoint& endpoint) {
    const std::string& name = endpoint.service_name;
    for (const auto& service : ecs_services())
        if (name.substr(name.rfind('.') + 1) == service.endpoint) return true;
    return false;
}

} // namespace

VpcNetwork survey_network(aws::Ec2Network& ec2,
                          std::span<const aws::Ec2Instance* const> instances,
                          const aws::Ec2Network::Until& until) {
    std::set<std::string> vpcs;
    std::set<std::string> subnets;
    std::set<std::string> groups;
    for (const auto* instance : instances) {
        if (instance->vpc_id.empty()) continue;
        vpcs.insert(instance->vpc_id);
        subnets.insert(instance->subnet_id);
        groups.insert(instance->group_ids.begin(), instance->group_ids.end());
    }
    VpcNetwork network;
    network.endpoints = ec2.describe_vpc_endpoints(text_of(vpcs), until);
    gather(network.endpoints, [&](const aws::VpcEndpoint& endpoint) {
        if (!is_of_ecs(endpoint)) return;
        subnets.insert(endpoint.subnet_ids.begin(), endpoint.subnet_ids.end());
        groups.insert(endpoint.group_ids.begin(), endpoint.group_ids.end());
    });
    network.groups = ec2.describe_security_groups(text_of(groups), until);
    network.acls = ec2.describe_network_acls(text_of(subnets), until);
    network.route_tables = ec2.describe_route_tables(text_of(vpcs), until);
    std::set<std::string> nats;
    gather(network.route_tables, [&](const aws::RouteTable& table) {
        for (const auto& route : table.routes)
            if (route.target.starts_with("nat-")) nats.insert(route.target);
    });
    network.nat_gateways = ec2.describe_nat_gateways(text_of(nats), until);
    gather(network.nat_gateways, [&](const aws::NatGateway& nat) {
        if (!nat.subnet_id.empty()) subnets.insert(nat.subnet_id);
    });
    network.subnets = ec2.describe_subnets(text_of(subnets), until);
    network.internet_gateways = ec2.describe_internet_gateways(text_of(vpcs), until);
    for (const auto& vpc : vpcs)
        network.dns.emplace(vpc, ec2.describe_vpc_dns(vpc, until));
    return network;
}

} // namespace squall::host
