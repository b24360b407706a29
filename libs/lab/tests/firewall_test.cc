#include "ec2/firewall.h"

#include "ec2/network.h"
#include "ec2_call.h"
#include "hosts/closed_ways.h"
#include "lab_world.h"

#include <gtest/gtest.h>

namespace squall::lab::ec2 {
namespace {

constexpr const char* endpoint = "52.46.128.11";
constexpr const char* subnet = "subnet-0000000000000000a";
constexpr const char* other_subnet = "subnet-0000000000000000b";

class FirewallTest : public ::testing::Test {
protected:
    FirewallTest() {
        Instance instance;
        instance.id = "i-00000000000000001";
        instance.private_ip = "10.0.1.10";
        instance.subnet_id = subnet;
        instances.launch(instance, now);
        instances.firewall.on_change([this] { ++changes; });
    }

    // The code of a refusal; empty where it was done.
    std::string call(const std::string& operation, const FormMembers& form) {
        const auto answered = instances.call(ec2_call(operation, form, now)).value();
        if (!answered) return answered.error().code;
        said = std::get<std::string>(*answered);
        return {};
    }

    std::string told(const std::string& path) {
        return wire::XmlDocument::parse(said).value().text_at(path);
    }

    bool is_open(const char* from = subnet) {
        return instances.firewall.lets_out({from, instance().group_ids}, endpoint, 443);
    }

    Instance& instance() { return instances.all.begin()->second; }

    std::string new_group() {
        EXPECT_EQ(call("CreateSecurityGroup", {{"GroupName", "web"}, {"GroupDescription", "x"}}),
                  "");
        return told("groupId");
    }

    WallTime now = start_of_test;
    Instances instances;
    std::string said;
    int changes = 0;
};

TEST_F(FirewallTest, LetsEverythingOutAsAwsMakesIt) {
    EXPECT_TRUE(is_open());
    EXPECT_TRUE(is_open("subnet-of-nobody"));
}

TEST_F(FirewallTest, AGroupWithoutEgressRulesLetsNothingOut) {
    const std::string group = new_group();
    EXPECT_EQ(
        call("ModifyInstanceAttribute", {{"InstanceId", instance().id}, {"GroupId.1", group}}), "");
    EXPECT_TRUE(is_open()) << "a new group has a rule for everything";
    const FormMembers everything{{"GroupId", group},
                                 {"IpPermissions.1.IpProtocol", "-1"},
                                 {"IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"}};
    EXPECT_EQ(call("RevokeSecurityGroupEgress", everything), "");
    EXPECT_FALSE(is_open());
    EXPECT_EQ(call("RevokeSecurityGroupEgress", everything), "InvalidPermission.NotFound");
    FormMembers https{{"GroupId", group},
                      {"IpPermissions.1.IpProtocol", "tcp"},
                      {"IpPermissions.1.FromPort", "80"},
                      {"IpPermissions.1.ToPort", "443"},
                      {"IpPermissions.1.IpRanges.1.CidrIp", "52.46.0.0/16"}};
    EXPECT_EQ(call("AuthorizeSecurityGroupEgress", https), "");
    EXPECT_TRUE(is_open());
    EXPECT_EQ(call("AuthorizeSecurityGroupEgress", https), "InvalidPermission.Duplicate");
    EXPECT_GE(changes, 3);
    EXPECT_EQ(call("DeleteSecurityGroup", {{"GroupId", group}}), "DependencyViolation");
    EXPECT_EQ(call("ModifyInstanceAttribute",
                   {{"InstanceId", instance().id}, {"GroupId.1", security_group_id}}),
              "");
    EXPECT_EQ(call("DeleteSecurityGroup", {{"GroupId", group}}), "");
    EXPECT_EQ(call("DeleteSecurityGroup", {{"GroupId", group}}), "InvalidGroup.NotFound");
}

TEST_F(FirewallTest, RefusesWhatEc2Refuses) {
    new_group();
    EXPECT_EQ(call("CreateSecurityGroup", {{"GroupName", "web"}, {"GroupDescription", "x"}}),
              "InvalidGroup.Duplicate");
    EXPECT_EQ(call("DeleteSecurityGroup", {{"GroupId", security_group_id}}), "CannotDelete");
    EXPECT_EQ(call("AuthorizeSecurityGroupEgress",
                   {{"GroupId", security_group_id},
                    {"IpPermissions.1.IpProtocol", "tcp"},
                    {"IpPermissions.1.FromPort", "443"},
                    {"IpPermissions.1.ToPort", "80"},
                    {"IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"}}),
              "InvalidParameterValue");
    EXPECT_EQ(
        call("ModifyInstanceAttribute", {{"InstanceId", instance().id}, {"GroupId.1", "sg-none"}}),
        "InvalidGroup.NotFound");
    EXPECT_EQ(call("DescribeSecurityGroups", {{"GroupId.1", "sg-none"}}), "InvalidGroup.NotFound");
    EXPECT_EQ(call("DescribeRouteTables", {{"Filter.1.Name", "color"}, {"Filter.1.Value.1", "x"}}),
              "InvalidParameterValue");
    EXPECT_EQ(call("CreateNetworkAcl", {{"VpcId", "vpc-none"}}), "InvalidVpcID.NotFound");
    EXPECT_EQ(call("DescribeVpcEndpoints", {{"DryRun", "true"}}), "DryRunOperation");
    EXPECT_EQ(call("DeleteNetworkAcl", {{"NetworkAclId", network_acl_id}}),
              "InvalidParameterValue");
    EXPECT_EQ(call("DeleteRouteTable", {{"RouteTableId", route_table_id}}), "DependencyViolation");
    EXPECT_EQ(call("DeleteRoute",
                   {{"RouteTableId", route_table_id}, {"DestinationCidrBlock", vpc_cidr_block}}),
              "InvalidParameterValue");
}

TEST_F(FirewallTest, TheRulesOfAnAclCountByTheirNumbers) {
    const auto entry = [&](const char* operation,
                           const char* number,
                           const char* action,
                           const char* egress,
                           const std::pair<const char*, const char*>& ports) {
        return call(operation,
                    {{"NetworkAclId", network_acl_id},
                     {"RuleNumber", number},
                     {"Protocol", "6"},
                     {"RuleAction", action},
                     {"Egress", egress},
                     {"CidrBlock", "0.0.0.0/0"},
                     {"PortRange.From", ports.first},
                     {"PortRange.To", ports.second}});
    };
    EXPECT_EQ(entry("CreateNetworkAclEntry", "110", "deny", "true", {"443", "443"}), "");
    EXPECT_TRUE(is_open()) << "rule 100 comes first";
    EXPECT_EQ(entry("CreateNetworkAclEntry", "90", "deny", "true", {"443", "443"}), "");
    EXPECT_FALSE(is_open());
    EXPECT_FALSE(is_open(other_subnet)) << "it is the ACL of all subnets";
    EXPECT_EQ(entry("CreateNetworkAclEntry", "90", "deny", "true", {"443", "443"}),
              "NetworkAclEntryAlreadyExists");
    EXPECT_EQ(entry("ReplaceNetworkAclEntry", "90", "deny", "true", {"80", "80"}), "");
    EXPECT_TRUE(is_open());
    // Answers come back to ports that Linux takes.
    EXPECT_EQ(entry("CreateNetworkAclEntry", "91", "deny", "false", {"1024", "32767"}), "");
    EXPECT_TRUE(is_open());
    EXPECT_EQ(entry("CreateNetworkAclEntry", "92", "deny", "false", {"50000", "50000"}), "");
    EXPECT_FALSE(is_open());
    EXPECT_EQ(call("DeleteNetworkAclEntry",
                   {{"NetworkAclId", network_acl_id}, {"RuleNumber", "92"}, {"Egress", "false"}}),
              "");
    EXPECT_TRUE(is_open());
    EXPECT_EQ(call("DeleteNetworkAclEntry",
                   {{"NetworkAclId", network_acl_id}, {"RuleNumber", "92"}, {"Egress", "false"}}),
              "InvalidNetworkAclEntry.NotFound");
    EXPECT_EQ(entry("CreateNetworkAclEntry", "32767", "allow", "true", {"1", "2"}),
              "InvalidParameterValue");
}

TEST_F(FirewallTest, ASubnetCanHaveAnAclOfItsOwn) {
    EXPECT_EQ(call("CreateNetworkAcl", {{"VpcId", vpc_id}}), "");
    const std::string acl = told("networkAcl/networkAclId");
    EXPECT_EQ(call("DescribeNetworkAcls",
                   {{"Filter.1.Name", "association.subnet-id"}, {"Filter.1.Value.1", subnet}}),
              "");
    EXPECT_EQ(told("networkAclSet/item/networkAclId"), network_acl_id);
    EXPECT_EQ(call("ReplaceNetworkAclAssociation",
                   {{"AssociationId", "aclassoc-0000000000000000a"}, {"NetworkAclId", acl}}),
              "");
    EXPECT_FALSE(is_open());
    EXPECT_TRUE(is_open(other_subnet));
    EXPECT_EQ(call("DeleteNetworkAcl", {{"NetworkAclId", acl}}), "DependencyViolation");
    const std::string association = told("newAssociationId");
    EXPECT_EQ(call("ReplaceNetworkAclAssociation",
                   {{"AssociationId", association}, {"NetworkAclId", network_acl_id}}),
              "");
    EXPECT_TRUE(is_open());
    EXPECT_EQ(call("DeleteNetworkAcl", {{"NetworkAclId", acl}}), "");
}

TEST_F(FirewallTest, WithoutARouteNothingGetsOut) {
    const FormMembers route{{"RouteTableId", route_table_id},
                            {"DestinationCidrBlock", "0.0.0.0/0"}};
    EXPECT_EQ(call("DeleteRoute", route), "");
    EXPECT_FALSE(is_open());
    EXPECT_EQ(call("DeleteRoute", route), "InvalidRoute.NotFound");
    auto to_nat = route;
    to_nat.emplace_back("NatGatewayId", nat_gateway_id);
    EXPECT_EQ(call("CreateRoute", to_nat), "");
    EXPECT_TRUE(is_open());
    EXPECT_EQ(call("CreateRoute", to_nat), "RouteAlreadyExists");
    auto to_internet = route;
    to_internet.emplace_back("GatewayId", internet_gateway_id);
    EXPECT_EQ(call("ReplaceRoute", to_internet), "");
    EXPECT_FALSE(is_open()) << "nobody has a public address";
}

TEST_F(FirewallTest, ASubnetCanHaveARouteTableOfItsOwn) {
    EXPECT_EQ(call("CreateRouteTable", {{"VpcId", vpc_id}}), "");
    const std::string table = told("routeTable/routeTableId");
    EXPECT_EQ(call("AssociateRouteTable", {{"RouteTableId", table}, {"SubnetId", subnet}}), "");
    const std::string association = told("associationId");
    EXPECT_FALSE(is_open());
    EXPECT_TRUE(is_open(other_subnet));
    EXPECT_EQ(call("DeleteRouteTable", {{"RouteTableId", table}}), "DependencyViolation");
    EXPECT_EQ(call("DisassociateRouteTable", {{"AssociationId", association}}), "");
    EXPECT_TRUE(is_open());
    EXPECT_EQ(call("DeleteRouteTable", {{"RouteTableId", table}}), "");
}

// Remembers which ways are closed, and refuses to close or open one twice.
class OneWay final : public breaks::Ways {
public:
    Result<void> close(const std::string& from, const std::string& to) override {
        EXPECT_TRUE(closed.insert(from + " to " + to).second);
        return {};
    }

    Result<void> open(const std::string& from, const std::string& to) override {
        EXPECT_EQ(closed.erase(from + " to " + to), 1U);
        return {};
    }

    std::set<std::string> closed;
};

TEST_F(FirewallTest, WhatIsClosedIsClosedOnTheWireUntilItIsOpenOrTheInstanceIsGone) {
    OneWay ways;
    ClosedWays closed(ways, instances);
    instances.firewall.on_change([&] { closed.look(); });
    Instance outside = instance();
    outside.id = "i-00000000000000002";
    outside.private_ip = "10.7.0.1";
    instances.launch(outside, now);
    EXPECT_TRUE(ways.closed.empty());
    instances.firewall.close_group(security_group_id);
    EXPECT_EQ(ways.closed,
              (std::set<std::string>{"10.0.1.10 to 10.0.0.10",
                                     "10.0.1.10 to 10.0.0.11",
                                     "10.0.1.10 to 10.0.0.12",
                                     "10.0.1.10 to 10.0.0.13"}));
    closed.look();
    EXPECT_EQ(ways.closed.size(), 4U);
    // By addresses of AWS's, endpoints can be told apart.
    EXPECT_EQ(call("AuthorizeSecurityGroupEgress",
                   {{"GroupId", security_group_id},
                    {"IpPermissions.1.IpProtocol", "tcp"},
                    {"IpPermissions.1.FromPort", "443"},
                    {"IpPermissions.1.ToPort", "443"},
                    {"IpPermissions.1.IpRanges.1.CidrIp", "52.46.128.11/32"}}),
              "");
    EXPECT_EQ(ways.closed.size(), 3U);
    instances.terminate("i-00000000000000001", "", now);
    EXPECT_TRUE(ways.closed.empty());
}

} // namespace
} // namespace squall::lab::ec2
