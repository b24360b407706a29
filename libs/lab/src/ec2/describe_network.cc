// What people have to know of the network to start a task in awsvpc mode: its subnets and its
// security group.
#include "ec2/instances.h"
#include "ec2/network.h"
#include "squall/base/text.h"
#include "squall/wire/xml.h"

#include <algorithm>

namespace squall::lab::ec2 {
namespace {

constexpr int filters_max = 50;
constexpr const char* xml_namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";

// What a filter compares; nothing where the lab does not know the filter.
using Members = std::map<std::string_view, std::string>;

Result<bool, wire::ServiceError> passes(const wire::QueryParameters& form, const Members& members) {
    for (int i = 1; i <= filters_max; ++i) {
        const std::string prefix = fmt::format("Filter.{}", i);
        if (!form.has_structure(prefix)) break;
        const auto member = members.find(form.get(prefix + ".Name"));
        if (member == members.end())
            return refuse("InvalidParameterValue",
                          fmt::format("The filter '{}' is invalid", form.get(prefix + ".Name")));
        const auto values = form.list(prefix + ".Value");
        if (std::find(values.begin(), values.end(), member->second) == values.end()) return false;
    }
    return true;
}

std::string account_of(const ApiCall& call) { return split(call.caller.arn, ':').at(4); }

void write_subnet(wire::XmlWriter& xml, const Subnet& subnet, const std::string& account) {
    xml.element("item", [&] {
        xml.leaf("subnetId", subnet.id);
        xml.leaf("state", "available");
        xml.leaf("vpcId", vpc_id);
        xml.leaf("cidrBlock", subnet.cidr_block());
        xml.leaf("availabilityZone", subnet.availability_zone);
        xml.leaf("ownerId", account);
        xml.leaf("defaultForAz", "true");
        xml.leaf("mapPublicIpOnLaunch", "false");
    });
}

} // namespace

Answer Instances::describe_subnets(const ApiCall& call) {
    const auto wanted = call.form.list("SubnetId");
    for (const auto& id : wanted) {
        if (!subnet_with_id(call.region, id))
            return refuse("InvalidSubnetID.NotFound",
                          fmt::format("The subnet ID '{}' does not exist", id));
    }
    std::vector<Subnet> shown;
    for (auto& subnet : subnets_of(call.region)) {
        const auto passed = passes(call.form,
                                   {{"subnet-id", subnet.id},
                                    {"vpc-id", vpc_id},
                                    {"availability-zone", subnet.availability_zone},
                                    {"availabilityZone", subnet.availability_zone},
                                    {"cidr-block", subnet.cidr_block()},
                                    {"default-for-az", "true"},
                                    {"state", "available"}});
        if (!passed) return fail(passed.error());
        const bool is_asked =
            wanted.empty() || std::find(wanted.begin(), wanted.end(), subnet.id) != wanted.end();
        if (*passed && is_asked) shown.push_back(std::move(subnet));
    }
    wire::XmlWriter xml;
    xml.open("DescribeSubnetsResponse", xml_namespace);
    xml.leaf("requestId", call.request_id);
    xml.element("subnetSet", [&] {
        for (const auto& subnet : shown)
            write_subnet(xml, subnet, account_of(call));
    });
    xml.close();
    return AnswerBody(xml.text());
}

Answer Instances::describe_security_groups(const ApiCall& call) {
    const auto wanted = call.form.list("GroupId");
    for (const auto& id : wanted) {
        if (id != security_group_id)
            return refuse("InvalidGroup.NotFound",
                          fmt::format("The security group '{}' does not exist", id));
    }
    const auto passed =
        passes(call.form,
               {{"group-id", security_group_id}, {"group-name", "default"}, {"vpc-id", vpc_id}});
    if (!passed) return fail(passed.error());
    wire::XmlWriter xml;
    xml.open("DescribeSecurityGroupsResponse", xml_namespace);
    xml.leaf("requestId", call.request_id);
    xml.element("securityGroupInfo", [&] {
        if (!*passed) return;
        xml.element("item", [&] {
            xml.leaf("ownerId", account_of(call));
            xml.leaf("groupId", security_group_id);
            xml.leaf("groupName", "default");
            xml.leaf("groupDescription", "default VPC security group");
            xml.leaf("vpcId", vpc_id);
        });
    });
    xml.close();
    return AnswerBody(xml.text());
}

} // namespace squall::lab::ec2
