// What people have to know of the network to start a task in awsvpc mode: its subnets.
#include "ec2/answers.h"
#include "ec2/instances.h"
#include "ec2/network.h"

namespace squall::lab::ec2 {
namespace {

void write_subnet(wire::XmlWriter& xml, const Subnet& subnet, const std::string& account) {
    xml.leaf("subnetId", subnet.id);
    xml.leaf("state", "available");
    xml.leaf("vpcId", vpc_id);
    xml.leaf("cidrBlock", subnet.cidr_block());
    xml.leaf("availabilityZone", subnet.availability_zone);
    xml.leaf("ownerId", account);
    xml.leaf("defaultForAz", "true");
    xml.leaf("mapPublicIpOnLaunch", "false");
}

} // namespace

Answer Instances::describe_subnets(const ApiCall& call) {
    static constexpr Kind subnets{"SubnetId", "InvalidSubnetID.NotFound", "subnet ID", "subnetSet"};
    std::vector<Item> items;
    for (const auto& subnet : subnets_of(call.region)) {
        items.push_back({subnet.id,
                         {{"subnet-id", subnet.id},
                          {"vpc-id", vpc_id},
                          {"availability-zone", subnet.availability_zone},
                          {"availabilityZone", subnet.availability_zone},
                          {"cidr-block", subnet.cidr_block()},
                          {"default-for-az", "true"},
                          {"state", "available"}},
                         [&call, subnet](wire::XmlWriter& xml) {
                             write_subnet(xml, subnet, account_of(call));
                         }});
    }
    return list_of(call, subnets, items);
}

} // namespace squall::lab::ec2
