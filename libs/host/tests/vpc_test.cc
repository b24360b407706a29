#include "squall/base/text.h"
#include "vpc_world.h"

#include <gtest/gtest.h>

namespace squall::host {
namespace {

class Vpc : public testing::Test {
protected:
    // No cause, and a check that says what it does not know.
    void expect_doubt(const std::string& check, const std::string& word) {
        EXPECT_TRUE(world.causes().empty()) << *world.causes().begin();
        const Look look = world.look(check);
        EXPECT_EQ(look.state, Look::State::could_not_look) << look.summary;
        EXPECT_NE(look.summary.find(word), std::string::npos) << look.summary;
        EXPECT_FALSE(look.how.empty());
    }

    // One cause, by one check, whose evidence and remedy name these.
    void expect_cause(const std::string& check,
                      const std::string& cause,
                      const std::vector<std::string>& words) {
        EXPECT_EQ(world.causes(), std::set<std::string>{cause});
        const Look look = world.look(check);
        ASSERT_EQ(look.state, Look::State::finding) << look.summary;
        ASSERT_FALSE(look.signs.empty());
        const Sign& sign = look.signs.front();
        EXPECT_EQ(sign.cause, cause);
        ASSERT_FALSE(sign.evidence.empty());
        ASSERT_FALSE(sign.remedy.empty());
        std::string all = sign.summary + "\n" + join(sign.remedy, "\n");
        for (const auto& evidence : sign.evidence)
            all += "\n" + evidence.text;
        for (const auto& word : words)
            EXPECT_NE(all.find(word), std::string::npos) << word << " is not in " << all;
    }

    VpcWorld world;
};

TEST_F(Vpc, IsHealthyAsAwsMakesIt) {
    for (const auto& look : world.looks())
        EXPECT_EQ(look.state, Look::State::healthy) << look.check << ": " << look.summary;
    EXPECT_EQ(world.looks().size(), 5U);
}

TEST_F(Vpc, AGroupWithoutAnyEgressRuleIsCertainToCloseEverything) {
    world.group().ip_permissions_egress.clear();
    expect_cause("vpc-security-groups",
                 "NET_API_TIMEOUT",
                 {"sg-1",
                  "ECS's API, ACS and telemetry",
                  "no rule",
                  "aws ec2 authorize-security-group-egress --group-id sg-1"});
    EXPECT_EQ(world.only_sign().certainty, Certainty::certain);
}

TEST_F(Vpc, AGroupThatLetsOtherThingsOutMayLetAProxyPass) {
    world.group().ip_permissions_egress = {{"tcp", {3128, 3128}, {"10.0.0.0/8"}, {}, {}, {}}};
    expect_cause("vpc-security-groups", "NET_API_TIMEOUT", {"3128", "unless", "proxy"});
    EXPECT_EQ(world.only_sign().certainty, Certainty::likely);
    world.known.missed = {"api"};
    EXPECT_EQ(world.only_sign().certainty, Certainty::certain);
    world.known.has_other_way = true;
    EXPECT_TRUE(world.causes().empty());
}

TEST_F(Vpc, RulesOfSeveralGroupsAddUp) {
    world.group().ip_permissions_egress.clear();
    world.network.groups->push_back({"sg-2", "web", "vpc-1", {}, {https_with({"0.0.0.0/1"})}});
    world.network.groups->push_back({"sg-3", "web", "vpc-1", {}, {https_with({"128.0.0.0/1"})}});
    world.instance.group_ids = {"sg-1", "sg-2", "sg-3"};
    EXPECT_TRUE(world.causes().empty());
    EXPECT_EQ(world.look("vpc-security-groups").state, Look::State::healthy);
}

TEST_F(Vpc, WhatAGroupLetsPassInPartIsNotKnown) {
    world.group().ip_permissions_egress = {https_with({"52.0.0.0/8"})};
    expect_doubt("vpc-security-groups", "some of public addresses");
    world.group().ip_permissions_egress = {{"tcp", {443, 443}, {}, {}, {"pl-1"}, {}}};
    expect_doubt("vpc-security-groups", "prefix lists");
    world.instance.group_ids = {"sg-1", "sg-unseen"};
    expect_doubt("vpc-security-groups", "sg-unseen");
}

TEST_F(Vpc, AnAclDeniesByTheFirstRuleThatFits) {
    world.acl().entries.push_back({90, "6", false, true, "0.0.0.0/0", "", {443, 443}});
    expect_cause("vpc-network-acls",
                 "NET_API_TIMEOUT",
                 {"acl-1",
                  "egress rule 90",
                  "delete-network-acl-entry --network-acl-id acl-1 --egress --rule-number 90"});
    world.acl().entries.back().rule_number = 110;
    EXPECT_TRUE(world.causes().empty());
}

TEST_F(Vpc, AnAclThatLetsNoAnswersInIsAsGoodAsClosed) {
    world.acl().entries[2] = {100, "6", true, false, "0.0.0.0/0", "", {1, 1023}};
    expect_cause(
        "vpc-network-acls",
        "NET_API_TIMEOUT",
        {"ingress rule *", "answers to ports 1024-65535", "--rule-number 110", "From=1024"});
    // What Linux uses is enough; a part of that is not known to be.
    world.acl().entries[2].ports = {32768, 60999};
    EXPECT_EQ(world.look("vpc-network-acls").state, Look::State::healthy);
    world.acl().entries[2].ports = {40000, 60999};
    expect_doubt("vpc-network-acls", "acl-1");
}

TEST_F(Vpc, AnAclThatIsClosedBothWaysIsOpenedBothWays) {
    world.acl().entries.clear();
    expect_cause("vpc-network-acls",
                 "NET_API_TIMEOUT",
                 {"egress rule *",
                  "ingress rule *",
                  "acl-1 egress: no rule",
                  "acl-1 ingress: no rule",
                  "--egress --rule-number 100 --protocol tcp --port-range From=443,To=443",
                  "--ingress --rule-number 100 --protocol tcp --port-range From=1024,To=65535"});
    EXPECT_EQ(world.only_sign().remedy.size(), 2U);
    EXPECT_EQ(world.only_sign().certainty, Certainty::certain);
}

TEST_F(Vpc, EveryRuleThatDeniesIsTakenAwayAndWhatNoneAllowsIsAllowed) {
    world.acl().entries[0] = {90, "6", false, true, "0.0.0.0/0", "", {443, 443}};
    world.acl().entries[2] = {95, "6", false, false, "0.0.0.0/0", "", {2000, 65535}};
    expect_cause("vpc-network-acls",
                 "NET_API_TIMEOUT",
                 {"egress rule 90, *",
                  "ingress rule 95, *",
                  "--egress --rule-number 90",
                  "--egress --rule-number 100",
                  "--ingress --rule-number 95",
                  "--ingress --rule-number 100"});
    EXPECT_EQ(world.only_sign().remedy.size(), 4U);
}

TEST_F(Vpc, ASubnetWithoutARouteOutIsClosed) {
    world.table().routes.pop_back();
    expect_cause("vpc-routes",
                 "NET_API_TIMEOUT",
                 {"rtb-1", "no route", "create-route", "--gateway-id igw-1"});
    EXPECT_EQ(world.only_sign().certainty, Certainty::likely);
}

TEST_F(Vpc, ARouteIntoABlackHoleIsClosed) {
    world.table().routes.back().state = "blackhole";
    expect_cause("vpc-routes", "NET_API_TIMEOUT", {"0.0.0.0/0", "igw-1", "replace-route"});
}

TEST_F(Vpc, AnInternetGatewayNeedsAPublicAddress) {
    world.instance.public_ip.clear();
    expect_cause("vpc-routes", "NET_API_TIMEOUT", {"igw-1", "no public address", "i-1"});
}

TEST_F(Vpc, AnInternetGatewayNeedsItsVpc) {
    world.network.internet_gateways->front().vpc_ids.clear();
    world.network.internet_gateways->clear();
    expect_cause("vpc-routes", "NET_API_TIMEOUT", {"igw-1", "not attached", "vpc-1"});
}

TEST_F(Vpc, BlockPublicAccessClosesAnInternetGateway) {
    world.network.subnets->front().internet_gateway_block_mode = "block-bidirectional";
    expect_cause("vpc-routes", "NET_API_TIMEOUT", {"Block Public Access", "subnet-a"});
}

TEST_F(Vpc, ANatGatewayHasToBeAvailableAndToHaveAWayOut) {
    world.route_default_to("nat-1");
    world.network.nat_gateways =
        std::vector<aws::NatGateway>{{"nat-1", "vpc-1", "subnet-b", "available", "public", ""}};
    // The main table, which subnet-b has, too, leads back to the gateway itself; give it one.
    world.network.route_tables->push_back(
        {"rtb-2", "vpc-1", false, {{"0.0.0.0/0", "", "", "igw-1", "active"}}, {"subnet-b"}});
    EXPECT_TRUE(world.causes().empty());
    world.network.route_tables->back().routes.clear();
    expect_cause("vpc-routes", "NET_API_TIMEOUT", {"nat-1", "subnet-b", "rtb-2"});
    world.network.nat_gateways->front().state = "failed";
    expect_cause("vpc-routes", "NET_API_TIMEOUT", {"nat-1 is failed"});
    world.network.nat_gateways->clear();
    expect_doubt("vpc-routes", "nat-1");
    world.network.nat_gateways = denied("ec2:DescribeNatGateways");
    expect_doubt("vpc-routes", "ec2:DescribeNatGateways");
}

TEST_F(Vpc, ARegionalNatGatewayIsInNoSubnet) {
    world.route_default_to("nat-1");
    world.network.nat_gateways =
        std::vector<aws::NatGateway>{{"nat-1", "vpc-1", "", "available", "public", ""}};
    EXPECT_EQ(world.look("vpc-routes").state, Look::State::healthy);
}

TEST_F(Vpc, WhatIsBehindOtherTargetsIsNotKnown) {
    for (const char* target : {"tgw-1", "vgw-1", "pcx-1", "eni-1", "i-9", "vpce-1", "lgw-1", ""}) {
        world.route_default_to(target);
        expect_doubt("vpc-routes", target);
    }
}

TEST_F(Vpc, WithAWayToOtherNetworksNamesMayLeadThere) {
    world.table().routes.back() = {"10.0.0.0/8", "", "", "tgw-1", "active"};
    expect_doubt("vpc-routes", "private address");
    // Where the security group lets nothing out there either, it is closed all the same.
    world.group().ip_permissions_egress = {{"tcp", {22, 22}, {"0.0.0.0/0"}, {}, {}, {}}};
    EXPECT_EQ(world.causes(), std::set<std::string>{"NET_API_TIMEOUT"});
}

TEST_F(Vpc, AGatewayEndpointOfS3IsNoWayToEcs) {
    world.table().routes.back() = {"", "", "pl-63a5400a", "vpce-s3", "active"};
    world.network.endpoints = std::vector<aws::VpcEndpoint>{{"vpce-s3",
                                                             "Gateway",
                                                             "vpc-1",
                                                             "com.amazonaws.us-east-1.s3",
                                                             "available",
                                                             "{}",
                                                             {},
                                                             {},
                                                             false}};
    expect_cause("vpc-routes", "NET_API_TIMEOUT", {"no route"});
}

TEST_F(Vpc, EndpointsMakeAWayWhereThereIsNoOther) {
    world.table().routes.pop_back();
    world.add_endpoints();
    EXPECT_TRUE(world.causes().empty());
    for (const auto& look : world.looks())
        EXPECT_EQ(look.state, Look::State::healthy) << look.check << ": " << look.summary;
}

TEST_F(Vpc, OneEndpointThatLetsNobodyInClosesOneService) {
    world.add_endpoints();
    world.network.groups->push_back({"sg-8", "shut", "vpc-1", {https_with({"10.9.0.0/16"})}, {}});
    world.network.endpoints->at(1).group_ids = {"sg-8"};
    expect_cause("vpc-endpoints",
                 "NET_ACS_BLOCKED",
                 {"vpce-ecs-agent", "sg-8", "10.9.0.0/16", "authorize-security-group-ingress"});
    world.network.endpoints->at(1).group_ids = {"sg-9"};
    world.network.endpoints->at(2).group_ids = {"sg-8"};
    expect_cause("vpc-endpoints", "NET_TCS_ONLY", {"vpce-ecs-telemetry"});
    // A group may be named where addresses could be.
    world.network.groups->back().ip_permissions.push_back(
        {"tcp", {443, 443}, {}, {}, {}, {"sg-1"}});
    EXPECT_TRUE(world.causes().empty());
}

TEST_F(Vpc, AGroupMayLetOutToTheGroupOfAnEndpoint) {
    world.add_endpoints();
    world.group().ip_permissions_egress = {{"tcp", {443, 443}, {}, {}, {}, {"sg-9"}}};
    EXPECT_TRUE(world.causes().empty());
    world.group().ip_permissions_egress = {{"tcp", {443, 443}, {}, {}, {}, {"sg-7"}}};
    expect_cause("vpc-security-groups", "NET_API_TIMEOUT", {"vpce-ecs", "GroupId=sg-9"});
}

TEST_F(Vpc, TheAclOfAnEndpointsSubnetCounts) {
    world.add_endpoints();
    world.acl().subnet_ids = {"subnet-a"};
    world.network.acls->push_back({"acl-2", "vpc-1", false, {}, {"subnet-b"}});
    expect_cause("vpc-network-acls", "NET_API_TIMEOUT", {"acl-2", "ingress rule *"});
    // Within one subnet no ACL is asked.
    for (auto& endpoint : *world.network.endpoints)
        endpoint.subnet_ids = {"subnet-a"};
    EXPECT_TRUE(world.causes().empty());
}

TEST_F(Vpc, TheAclsOfBothSubnetsAreOpenedTogether) {
    world.add_endpoints();
    world.acl().entries.clear();
    world.acl().subnet_ids = {"subnet-a"};
    world.network.acls->push_back({"acl-2", "vpc-1", false, {}, {"subnet-b"}});
    expect_cause("vpc-network-acls",
                 "NET_API_TIMEOUT",
                 {"acl-1 --egress --rule-number 100 --protocol tcp --port-range From=443",
                  "acl-1 --ingress --rule-number 100 --protocol tcp --port-range From=1024",
                  "acl-2 --ingress --rule-number 100 --protocol tcp --port-range From=443",
                  "acl-2 --egress --rule-number 100 --protocol tcp --port-range From=1024"});
    EXPECT_EQ(world.only_sign().evidence.size(), 4U);
    // One ACL for both: no two rules of a direction have the same number.
    world.acl().subnet_ids = {"subnet-a", "subnet-b"};
    world.network.acls->pop_back();
    expect_cause("vpc-network-acls",
                 "NET_API_TIMEOUT",
                 {"acl-1 --egress --rule-number 100 --protocol tcp --port-range From=443",
                  "acl-1 --ingress --rule-number 100 --protocol tcp --port-range From=1024",
                  "acl-1 --ingress --rule-number 110 --protocol tcp --port-range From=443",
                  "acl-1 --egress --rule-number 110 --protocol tcp --port-range From=1024"});
}

TEST_F(Vpc, ThePolicyOfAnEndpointCanRefuseTheAgent) {
    world.add_endpoints();
    world.network.endpoints->front().policy_document =
        R"({"Statement":[{"Action":["ecs:Describe*","ecs:List*"],"Effect":"Allow","Principal":"*","Resource":"*"}]})";
    expect_cause("vpc-endpoints",
                 "IAM_DENIED",
                 {"vpce-ecs", "ecs:RegisterContainerInstance", "--reset-policy"});
}

TEST_F(Vpc, AnEndpointWithoutPrivateDnsIsNoMoreThanAPossibility) {
    world.table().routes.pop_back();
    world.add_endpoints();
    for (auto& endpoint : *world.network.endpoints)
        endpoint.private_dns_enabled = false;
    const Look look = world.look("vpc-endpoints");
    ASSERT_EQ(look.signs.size(), 3U) << look.summary;
    for (const auto& sign : look.signs)
        EXPECT_EQ(sign.certainty, Certainty::possible);
    EXPECT_NE(look.signs.front().remedy.front().find("--private-dns-enabled"), std::string::npos);
    EXPECT_EQ(world.look("vpc-routes").state, Look::State::could_not_look);
}

TEST_F(Vpc, WithoutDnsSupportNamesAreUnknown) {
    world.network.dns.insert_or_assign("vpc-1", aws::VpcDns{false, true});
    expect_cause("vpc-dns", "NET_DNS", {"enableDnsSupport", "vpc-1", "--enable-dns-support"});
    world.known.reached = {"api"};
    EXPECT_TRUE(world.causes().empty());
}

TEST_F(Vpc, ARefusedCallNamesItsPermissionAndTheOthersGoOn) {
    world.network.acls = denied("ec2:DescribeNetworkAcls");
    world.group().ip_permissions_egress.clear();
    EXPECT_EQ(world.causes(), std::set<std::string>{"NET_API_TIMEOUT"});
    const Look look = world.look("vpc-network-acls");
    EXPECT_EQ(look.state, Look::State::could_not_look);
    EXPECT_NE(look.summary.find("ec2:DescribeNetworkAcls was refused"), std::string::npos);
    world.network.endpoints = denied("ec2:DescribeVpcEndpoints");
    EXPECT_EQ(world.look("vpc-endpoints").state, Look::State::could_not_look);
}

TEST_F(Vpc, WithoutWordOfEndpointsAMissingRouteIsNoProof) {
    world.table().routes.pop_back();
    world.network.endpoints = denied("ec2:DescribeVpcEndpoints");
    expect_doubt("vpc-routes", "private address");
}

TEST_F(Vpc, OverIpv6ThereMayBeAnotherWay) {
    world.table().routes.pop_back();
    world.instance.has_ipv6_address = true;
    expect_doubt("vpc-routes", "IPv6");
}

TEST_F(Vpc, WhatIsReachedIsNotClosedWhateverTheRulesSay) {
    world.group().ip_permissions_egress.clear();
    world.known.reached = {"api", "acs", "tcs"};
    EXPECT_TRUE(world.causes().empty());
    world.known.reached.clear();
    world.known.is_connected = true;
    EXPECT_EQ(world.causes(), std::set<std::string>{"NET_TCS_ONLY"});
}

TEST_F(Vpc, AConnectedNeighbourIsProof) {
    world.table().routes.pop_back();
    world.acl().entries.clear();
    world.known.subnet_is_proven = true;
    EXPECT_TRUE(world.causes().empty());
    world.group().ip_permissions_egress.clear();
    EXPECT_EQ(world.causes(), std::set<std::string>{"NET_API_TIMEOUT"});
    world.known.groups_are_proven = true;
    EXPECT_TRUE(world.causes().empty());
}

TEST_F(Vpc, OfNeighboursOnlyThoseCountThatGoTheSameWay) {
    aws::Ec2Instance other = world.instance;
    other.instance_id = "i-2";
    const auto learn = [&](const std::set<std::string>& connected) {
        KnownOfHost known;
        const std::vector<aws::Ec2Instance> all{world.instance, other};
        learn_from_neighbours(world.instance, all, connected, known);
        return std::pair(known.subnet_is_proven, known.groups_are_proven);
    };
    EXPECT_EQ(learn({"i-2"}), std::pair(true, true));
    EXPECT_EQ(learn({"i-1"}), std::pair(false, false)) << "oneself is no neighbour";
    EXPECT_EQ(learn({}), std::pair(false, false));
    other.public_ip.clear();
    EXPECT_EQ(learn({"i-2"}), std::pair(false, true));
    other.group_ids.emplace_back("sg-2");
    EXPECT_EQ(learn({"i-2"}), std::pair(false, false));
    other = world.instance;
    other.instance_id = "i-2";
    other.subnet_id = "subnet-b";
    EXPECT_EQ(learn({"i-2"}), std::pair(false, true));
    other.vpc_id = "vpc-2";
    EXPECT_EQ(learn({"i-2"}), std::pair(false, false));
}

TEST_F(Vpc, WhatTheHostSawIsKnown) {
    std::vector<Look> looks{healthy("it answers"),
                            finding(sign("NET_ACS_BLOCKED", Certainty::certain, "", {})),
                            finding(sign("NET_DNS", Certainty::certain, "", {}))};
    looks[0].check = "endpoint-api";
    looks[1].check = "endpoint-acs";
    looks[2].check = "endpoint-tcs";
    const KnownOfHost known = known_of_host(false, looks, "ECS_CLUSTER=demo\n");
    EXPECT_TRUE(known.reached.contains("api") && known.reached.size() == 1);
    EXPECT_TRUE(known.missed.contains("acs") && known.missed.size() == 1);
    EXPECT_FALSE(known.has_other_way);
    EXPECT_TRUE(known_of_host(false, {}, "HTTP_PROXY=10.0.0.9:3128\n").has_other_way);
    for (const char* none : {"HTTP_PROXY=\n", "ECS_CLUSTER=x\nHTTPS_PROXY=\"\"\n"})
        EXPECT_FALSE(known_of_host(false, {}, none).has_other_way) << none;
}

TEST_F(Vpc, AnInstanceWithoutProfileOrMetadataIsSeenFromAfar) {
    world.instance.iam_instance_profile_arn.clear();
    world.instance.metadata_options = {"disabled", "required", 1};
    const auto looks = look_at_instance_settings(world.instance, world.known);
    ASSERT_EQ(looks.size(), 2U);
    EXPECT_EQ(looks[0].signs.at(0).cause, "IAM_NO_CREDS");
    EXPECT_EQ(looks[1].signs.at(0).cause, "IMDS_UNREACHABLE");
    EXPECT_NE(looks[1].signs[0].evidence.at(0).text.find("hop limit is 1"), std::string::npos);
    world.known.is_connected = true;
    for (const auto& look : look_at_instance_settings(world.instance, world.known))
        EXPECT_EQ(look.state, Look::State::healthy) << look.summary;
}

TEST(EndpointPolicy, IsJudgedOnlyAsFarAsItCanBe) {
    const auto judge = [](const std::string& statements) {
        std::string refused;
        return allowed_by(fmt::format(R"({{"Version":"2012-10-17","Statement":{}}})", statements),
                          {"ecs:Poll"},
                          refused);
    };
    using Way = Passage::Way;
    const std::string allow_all =
        R"({"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":"*"})";
    EXPECT_EQ(judge(allow_all), Way::open);
    EXPECT_EQ(judge("[]"), Way::closed);
    EXPECT_EQ(judge(R"([{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}])"),
              Way::closed);
    EXPECT_EQ(judge("[" + allow_all
                    + R"(,{"Effect":"Deny","Principal":"*","Action":"ECS:p*l","Resource":"*"}])"),
              Way::closed);
    EXPECT_EQ(judge("[" + allow_all
                    + R"(,{"Effect":"Deny","Principal":"*","Action":"ecs:Poll","Resource":"*",
                           "Condition":{"StringNotEquals":{"aws:PrincipalAccount":"1"}}}])"),
              Way::unknown);
    EXPECT_EQ(
        judge(
            R"([{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:role/ecs"},"Action":"*","Resource":"*"}])"),
        Way::unknown);
    EXPECT_EQ(judge(R"([{"Effect":"Allow","Principal":"*","NotAction":"ecs:*","Resource":"*"}])"),
              Way::closed);
    std::string refused;
    EXPECT_EQ(allowed_by("no policy", {"ecs:Poll"}, refused), Way::unknown);
}

} // namespace
} // namespace squall::host
