#include "squall/aws/ec2_network.h"

#include "fake_aws.h"
#include "squall/aws/ec2.h"

#include <gtest/gtest.h>

namespace squall::aws {
namespace {

// As EC2 answers: the root element and its requestId around what is asked for.
wire::HttpResponse ec2_answer(const std::string& operation, const std::string& body) {
    return xml_answer(fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                  "<{0}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
                                  "<requestId>f7de5e98-491a-4c19-a92d-908d6EXAMPLE</requestId>"
                                  "{1}</{0}Response>",
                                  operation,
                                  body));
}

class Ec2NetworkTest : public testing::Test {
protected:
    void answer(const std::string& operation, const std::string& body) {
        world.aws.on("ec2:" + operation,
                     [operation, body](const Received&) { return ec2_answer(operation, body); });
    }

    Ec2Network::Until until() { return {world.soon(), {}}; }

    World world;
    Ec2Network network{world.client};
    std::vector<std::string> vpcs{"vpc-0a1b2c3d"};
};

TEST_F(Ec2NetworkTest, AsksForSubnetsByAFilterAndToTheLastPage) {
    world.aws.on("ec2:DescribeSubnets", [](const Received& received) {
        const bool is_second = received.form.get("NextToken") == "page-2";
        return ec2_answer(
            "DescribeSubnets",
            is_second
                ? "<subnetSet><item><subnetId>subnet-2</subnetId></item></subnetSet>"
                : "<nextToken>page-2</nextToken><subnetSet><item><subnetId>subnet-1</subnetId>"
                  "<vpcId>vpc-1</vpcId><cidrBlock>10.0.1.0/24</cidrBlock>"
                  "<blockPublicAccessStates><internetGatewayBlockMode>block-bidirectional"
                  "</internetGatewayBlockMode></blockPublicAccessStates></item></subnetSet>");
    });
    const std::vector<std::string> ids{"subnet-1", "subnet-2", "subnet-1"};
    const auto subnets = network.describe_subnets(ids, until()).value();
    ASSERT_EQ(subnets.size(), 2U);
    EXPECT_EQ(subnets[0].vpc_id, "vpc-1");
    EXPECT_EQ(subnets[0].cidr_block, "10.0.1.0/24");
    EXPECT_EQ(subnets[0].internet_gateway_block_mode, "block-bidirectional");
    EXPECT_EQ(subnets[1].subnet_id, "subnet-2");
    const auto asked = world.aws.received("ec2:DescribeSubnets");
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0].form.get("Filter.1.Name"), "subnet-id");
    EXPECT_EQ(asked[0].form.list("Filter.1.Value"),
              (std::vector<std::string>{"subnet-1", "subnet-2"}));
    EXPECT_FALSE(asked[0].form.has("NextToken"));
}

TEST_F(Ec2NetworkTest, AsksNothingWhereThereIsNothingToAskFor) {
    EXPECT_TRUE(network.describe_nat_gateways({}, until()).value().empty());
    EXPECT_TRUE(world.aws.received().empty());
}

TEST_F(Ec2NetworkTest, AsksForTwoHundredGroupsAtATime) {
    answer("DescribeSecurityGroups", "<securityGroupInfo/>");
    std::vector<std::string> ids;
    for (int i = 0; i < 201; ++i)
        ids.push_back(fmt::format("sg-{}", i));
    EXPECT_TRUE(network.describe_security_groups(ids, until()).value().empty());
    EXPECT_EQ(world.aws.received().size(), 2U);
}

TEST_F(Ec2NetworkTest, ReadsTheRulesOfASecurityGroup) {
    answer("DescribeSecurityGroups", R"(<securityGroupInfo><item>
  <ownerId>123456789012</ownerId><groupId>sg-0aa</groupId><groupName>web</groupName>
  <groupDescription>for the web</groupDescription><vpcId>vpc-1</vpcId>
  <ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>
    <groups><item><userId>123456789012</userId><groupId>sg-0bb</groupId></item></groups>
    <ipRanges/><ipv6Ranges/><prefixListIds/></item></ipPermissions>
  <ipPermissionsEgress>
    <item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item>
      </ipRanges><ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges><prefixListIds/></item>
    <item><ipProtocol>tcp</ipProtocol><fromPort>80</fromPort><toPort>90</toPort><groups/><ipRanges>
      <item><cidrIp>10.0.0.0/8</cidrIp><description>ours</description></item></ipRanges><ipv6Ranges/>
      <prefixListIds><item><prefixListId>pl-63a5400a</prefixListId></item></prefixListIds></item>
    <item><ipProtocol>icmp</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort><groups/><ipRanges/>
      <ipv6Ranges/><prefixListIds/></item>
  </ipPermissionsEgress></item></securityGroupInfo>)");
    const auto groups = network.describe_security_groups(vpcs, until()).value();
    ASSERT_EQ(groups.size(), 1U);
    EXPECT_EQ(groups[0].group_id, "sg-0aa");
    EXPECT_EQ(groups[0].group_name, "web");
    ASSERT_EQ(groups[0].ip_permissions.size(), 1U);
    EXPECT_EQ(groups[0].ip_permissions[0].group_ids, std::vector<std::string>{"sg-0bb"});
    EXPECT_EQ(groups[0].ip_permissions[0].ports.from, 443);
    const auto& out = groups[0].ip_permissions_egress;
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(out[0].ip_protocol, "-1");
    EXPECT_EQ(out[0].ports.to, 65535);
    EXPECT_EQ(out[0].cidr_ips, std::vector<std::string>{"0.0.0.0/0"});
    EXPECT_EQ(out[0].cidr_ipv6s, std::vector<std::string>{"::/0"});
    EXPECT_EQ(out[1].ports.from, 80);
    EXPECT_EQ(out[1].ports.to, 90);
    EXPECT_EQ(out[1].prefix_list_ids, std::vector<std::string>{"pl-63a5400a"});
    EXPECT_EQ(out[2].ports.from, 0);
}

TEST_F(Ec2NetworkTest, ReadsTheEntriesOfANetworkAcl) {
    answer("DescribeNetworkAcls", R"(<networkAclSet><item><networkAclId>acl-5d659634</networkAclId>
  <vpcId>vpc-5266953b</vpcId><default>true</default><entrySet>
    <item><ruleNumber>100</ruleNumber><protocol>6</protocol><ruleAction>allow</ruleAction>
      <egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock><portRange><from>443</from><to>443</to>
      </portRange></item>
    <item><ruleNumber>32767</ruleNumber><protocol>-1</protocol><ruleAction>deny</ruleAction>
      <egress>false</egress><ipv6CidrBlock>::/0</ipv6CidrBlock></item></entrySet>
  <associationSet><item><networkAclAssociationId>aclassoc-5c659635</networkAclAssociationId>
    <networkAclId>acl-5d659634</networkAclId><subnetId>subnet-ff669596</subnetId></item>
  </associationSet><tagSet/></item></networkAclSet>)");
    const auto acls = network.describe_network_acls(vpcs, until()).value();
    ASSERT_EQ(acls.size(), 1U);
    EXPECT_TRUE(acls[0].is_default);
    EXPECT_EQ(acls[0].subnet_ids, std::vector<std::string>{"subnet-ff669596"});
    ASSERT_EQ(acls[0].entries.size(), 2U);
    EXPECT_TRUE(acls[0].entries[0].allows && acls[0].entries[0].egress);
    EXPECT_EQ(acls[0].entries[0].ports.to, 443);
    EXPECT_EQ(acls[0].entries[1].rule_number, 32767);
    EXPECT_FALSE(acls[0].entries[1].allows);
    EXPECT_EQ(acls[0].entries[1].ipv6_cidr_block, "::/0");
    EXPECT_EQ(acls[0].entries[1].ports.to, 65535);
    EXPECT_EQ(world.aws.received().at(0).form.get("Filter.1.Name"), "association.subnet-id");
}

// Whoever looks for the port after the last one must find a number.
TEST_F(Ec2NetworkTest, TakesNoNumberForAPortThatIsNone) {
    answer("DescribeNetworkAcls", R"(<networkAclSet><item><entrySet>
    <item><portRange><from>443</from><to>99999999999</to></portRange></item>
    <item><portRange><from>70000</from><to>-5</to></portRange></item></entrySet></item>
  </networkAclSet>)");
    const auto acls = network.describe_network_acls(vpcs, until()).value();
    const auto& entries = acls.at(0).entries;
    EXPECT_EQ(entries.at(0).ports.from, 443);
    EXPECT_EQ(entries.at(0).ports.to, 65535);
    EXPECT_EQ(entries.at(1).ports.from, 65535);
    EXPECT_EQ(entries.at(1).ports.to, 0);
}

TEST_F(Ec2NetworkTest, ReadsWhereRoutesLead) {
    answer("DescribeRouteTables", R"(<routeTableSet><item><routeTableId>rtb-1</routeTableId>
  <vpcId>vpc-1</vpcId><routeSet>
    <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>
      <state>active</state><origin>CreateRouteTable</origin></item>
    <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId>
      <state>blackhole</state><origin>CreateRoute</origin></item>
    <item><destinationCidrBlock>192.168.0.0/16</destinationCidrBlock><instanceId>i-1</instanceId>
      <networkInterfaceId>eni-1</networkInterfaceId><state>active</state></item>
    <item><destinationPrefixListId>pl-63a5400a</destinationPrefixListId><gatewayId>vpce-1</gatewayId>
      <state>active</state></item></routeSet>
  <associationSet><item><routeTableAssociationId>rtbassoc-1</routeTableAssociationId>
      <routeTableId>rtb-1</routeTableId><main>true</main></item>
    <item><routeTableAssociationId>rtbassoc-2</routeTableAssociationId><routeTableId>rtb-1</routeTableId>
      <subnetId>subnet-1</subnetId><main>false</main></item></associationSet></item></routeTableSet>)");
    const auto tables = network.describe_route_tables(vpcs, until()).value();
    ASSERT_EQ(tables.size(), 1U);
    EXPECT_TRUE(tables[0].is_main);
    EXPECT_EQ(tables[0].subnet_ids, std::vector<std::string>{"subnet-1"});
    ASSERT_EQ(tables[0].routes.size(), 4U);
    EXPECT_EQ(tables[0].routes[0].target, "local");
    EXPECT_EQ(tables[0].routes[1].target, "nat-1");
    EXPECT_EQ(tables[0].routes[1].state, "blackhole");
    EXPECT_EQ(tables[0].routes[2].target, "i-1");
    EXPECT_EQ(tables[0].routes[3].destination_prefix_list_id, "pl-63a5400a");
}

TEST_F(Ec2NetworkTest, ReadsGateways) {
    answer("DescribeNatGateways", R"(<natGatewaySet><item><natGatewayId>nat-1</natGatewayId>
  <subnetId>subnet-9</subnetId><vpcId>vpc-1</vpcId><state>failed</state>
  <connectivityType>public</connectivityType><failureMessage>no address</failureMessage></item></natGatewaySet>)");
    answer("DescribeInternetGateways", R"(<internetGatewaySet><item>
  <internetGatewayId>igw-1</internetGatewayId><attachmentSet>
    <item><vpcId>vpc-1</vpcId><state>available</state></item>
    <item><vpcId>vpc-2</vpcId><state>detaching</state></item></attachmentSet></item></internetGatewaySet>)");
    const auto nats = network.describe_nat_gateways(vpcs, until()).value();
    ASSERT_EQ(nats.size(), 1U);
    EXPECT_EQ(nats[0].state, "failed");
    EXPECT_EQ(nats[0].connectivity_type, "public");
    EXPECT_EQ(nats[0].failure_message, "no address");
    EXPECT_EQ(nats[0].subnet_id, "subnet-9");
    const auto gateways = network.describe_internet_gateways(vpcs, until()).value();
    ASSERT_EQ(gateways.size(), 1U);
    EXPECT_EQ(gateways[0].vpc_ids, std::vector<std::string>{"vpc-1"});
}

TEST_F(Ec2NetworkTest, ReadsEndpointsOfAVpc) {
    answer("DescribeVpcEndpoints", R"(<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId>
  <vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId>
  <serviceName>com.amazonaws.us-east-1.ecs</serviceName><state>available</state>
  <policyDocument>{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}</policyDocument>
  <routeTableIdSet/><subnetIdSet><item>subnet-1</item><item>subnet-2</item></subnetIdSet>
  <groupSet><item><groupId>sg-9</groupId><groupName>endpoints</groupName></item></groupSet>
  <privateDnsEnabled>true</privateDnsEnabled></item></vpcEndpointSet>)");
    const auto endpoints = network.describe_vpc_endpoints(vpcs, until()).value();
    ASSERT_EQ(endpoints.size(), 1U);
    EXPECT_EQ(endpoints[0].service_name, "com.amazonaws.us-east-1.ecs");
    EXPECT_EQ(endpoints[0].subnet_ids, (std::vector<std::string>{"subnet-1", "subnet-2"}));
    EXPECT_EQ(endpoints[0].group_ids, std::vector<std::string>{"sg-9"});
    EXPECT_TRUE(endpoints[0].private_dns_enabled);
    EXPECT_TRUE(json::parse_object(endpoints[0].policy_document));
}

TEST_F(Ec2NetworkTest, ReadsBothDnsAttributes) {
    world.aws.on("ec2:DescribeVpcAttribute", [](const Received& received) {
        const std::string name(received.form.get("Attribute"));
        return ec2_answer("DescribeVpcAttribute",
                          fmt::format("<vpcId>vpc-1</vpcId><{0}><value>{1}</value></{0}>",
                                      name,
                                      name == "enableDnsSupport" ? "true" : "false"));
    });
    const auto dns = network.describe_vpc_dns("vpc-1", until()).value();
    EXPECT_TRUE(dns.enable_dns_support);
    EXPECT_FALSE(dns.enable_dns_hostnames);
}

TEST_F(Ec2NetworkTest, AnAnswerWithoutItsListIsAnError) {
    for (const char* body : {"", "<subnetSet>", "<somethingElse/>"}) {
        answer("DescribeSubnets", body);
        EXPECT_EQ(network.describe_subnets(vpcs, until()).error().kind, Errc::failed) << body;
    }
    answer("DescribeVpcAttribute", "<enableDnsSupport/>");
    EXPECT_FALSE(network.describe_vpc_dns("vpc-1", until()));
}

TEST_F(Ec2NetworkTest, AListThatGoesInCirclesIsAnError) {
    answer("DescribeSubnets", "<nextToken>again</nextToken><subnetSet/>");
    EXPECT_EQ(network.describe_subnets(vpcs, until()).error().kind, Errc::failed);
    EXPECT_EQ(world.aws.received().size(), 2U);
}

TEST_F(Ec2NetworkTest, ARefusalNamesThePermissionThatIsMissing) {
    world.aws.on("ec2:DescribeNetworkAcls", [](const Received& received) {
        return error_answer(received,
                            "UnauthorizedOperation",
                            "You are not authorized to perform this operation.",
                            403);
    });
    const auto refused = network.describe_network_acls(vpcs, until());
    EXPECT_EQ(refused.error().kind, Errc::denied);
    EXPECT_EQ(refused.error().operation, "ec2:DescribeNetworkAcls");
}

TEST_F(Ec2NetworkTest, AnInstanceTellsOfItsPlaceInTheNetwork) {
    answer("DescribeInstances", R"(<reservationSet><item><instancesSet><item>
  <instanceId>i-0000000000000000a</instanceId><instanceState><name>running</name></instanceState>
  <instanceType>m5.large</instanceType><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId>
  <privateIpAddress>10.0.1.10</privateIpAddress><ipAddress>52.1.2.3</ipAddress>
  <groupSet><item><groupId>sg-1</groupId><groupName>a</groupName></item>
    <item><groupId>sg-2</groupId><groupName>b</groupName></item></groupSet>
  <networkInterfaceSet><item><ipv6AddressesSet><item><ipv6Address>2600::1</ipv6Address></item>
    </ipv6AddressesSet></item></networkInterfaceSet>
  <iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/ecs</arn><id>AIPA</id></iamInstanceProfile>
  <metadataOptions><state>applied</state><httpTokens>required</httpTokens>
    <httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>disabled</httpEndpoint>
  </metadataOptions></item></instancesSet></item></reservationSet>)");
    Ec2 ec2(world.client);
    const std::vector<std::string> ids{"i-0000000000000000a"};
    const auto instances = ec2.describe_instances(ids, world.soon(), {}).value();
    ASSERT_EQ(instances.size(), 1U);
    EXPECT_EQ(instances[0].vpc_id, "vpc-1");
    EXPECT_EQ(instances[0].subnet_id, "subnet-1");
    EXPECT_EQ(instances[0].group_ids, (std::vector<std::string>{"sg-1", "sg-2"}));
    EXPECT_EQ(instances[0].public_ip, "52.1.2.3");
    EXPECT_TRUE(instances[0].has_ipv6_address);
    EXPECT_EQ(instances[0].instance_type, "m5.large");
    EXPECT_EQ(instances[0].iam_instance_profile_arn,
              "arn:aws:iam::123456789012:instance-profile/ecs");
    EXPECT_EQ(instances[0].metadata_options.http_endpoint, "disabled");
    EXPECT_EQ(instances[0].metadata_options.http_put_response_hop_limit, 1);
}

} // namespace
} // namespace squall::aws
