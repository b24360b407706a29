// A VPC as AWS makes it when nobody has done anything yet, and an instance in it that is not
// reached by any other way.
#pragma once

#include "afar/vpc.h"

#include <algorithm>
#include <string>

namespace squall::host {

inline aws::IpPermission everything() { return {"-1", {}, {"0.0.0.0/0"}, {}, {}, {}}; }

inline aws::IpPermission https_with(std::vector<std::string> cidrs) {
    return {"tcp", {443, 443}, std::move(cidrs), {}, {}, {}};
}

struct VpcWorld {
    VpcWorld() {
        instance.instance_id = "i-1";
        instance.state = "running";
        instance.vpc_id = "vpc-1";
        instance.subnet_id = "subnet-a";
        instance.group_ids = {"sg-1"};
        instance.private_ip = "10.0.1.10";
        instance.public_ip = "52.1.2.3";
        instance.iam_instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/ecs";
        instance.metadata_options = {"enabled", "required", 2};
        network.subnets = std::vector<aws::Subnet>{{"subnet-a", "vpc-1", "10.0.1.0/24", "off"},
                                                   {"subnet-b", "vpc-1", "10.0.2.0/24", "off"}};
        network.groups =
            std::vector<aws::SecurityGroup>{{"sg-1", "default", "vpc-1", {}, {everything()}}};
        network.acls =
            std::vector<aws::NetworkAcl>{{"acl-1",
                                          "vpc-1",
                                          true,
                                          {{100, "-1", true, true, "0.0.0.0/0", "", {}},
                                           {32767, "-1", false, true, "0.0.0.0/0", "", {}},
                                           {100, "-1", true, false, "0.0.0.0/0", "", {}},
                                           {32767, "-1", false, false, "0.0.0.0/0", "", {}}},
                                          {"subnet-a", "subnet-b"}}};
        network.route_tables = std::vector<aws::RouteTable>{
            {"rtb-1",
             "vpc-1",
             true,
             {{"10.0.0.0/16", "", "", "local", "active"}, {"0.0.0.0/0", "", "", "igw-1", "active"}},
             {}}};
        network.nat_gateways = std::vector<aws::NatGateway>();
        network.internet_gateways = std::vector<aws::InternetGateway>{{"igw-1", {"vpc-1"}}};
        network.endpoints = std::vector<aws::VpcEndpoint>();
        network.dns.emplace("vpc-1", aws::VpcDns{});
    }

    aws::SecurityGroup& group() { return network.groups->front(); }

    aws::NetworkAcl& acl() { return network.acls->front(); }

    aws::RouteTable& table() { return network.route_tables->front(); }

    // One for each service of ECS, in subnet-b, which lets everybody in.
    void add_endpoints() {
        network.groups->push_back(
            {"sg-9", "endpoints", "vpc-1", {https_with({"10.0.0.0/16"})}, {}});
        for (const auto& service : ecs_services())
            network.endpoints->push_back(
                {std::string("vpce-") + service.endpoint,
                 "Interface",
                 "vpc-1",
                 std::string("com.amazonaws.us-east-1.") + service.endpoint,
                 "available",
                 R"({"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]})",
                 {"subnet-b"},
                 {"sg-9"},
                 true});
    }

    void route_default_to(const std::string& target) {
        table().routes.back().target = target;
        instance.public_ip.clear();
    }

    [[nodiscard]] std::vector<Look> looks() const { return look_at_vpc(instance, network, known); }

    [[nodiscard]] Look look(const std::string& check) const {
        for (auto& each : looks())
            if (each.check == check) return each;
        Look none;
        none.summary = "there is no look " + check;
        return none;
    }

    // Every cause that any look names.
    [[nodiscard]] std::set<std::string> causes() const {
        std::set<std::string> found;
        for (const auto& each : looks())
            for (const auto& sign : each.signs)
                found.insert(sign.cause);
        return found;
    }

    // The one sign there is; an empty one where there are more, or none.
    [[nodiscard]] Sign only_sign() const {
        std::vector<Sign> found;
        for (const auto& each : looks())
            found.insert(found.end(), each.signs.begin(), each.signs.end());
        return found.size() == 1 ? found.front() : Sign{};
    }

    aws::Ec2Instance instance;
    VpcNetwork network;
    KnownOfHost known;
};

inline tl::unexpected<aws::ApiError> denied(const std::string& operation) {
    return fail(aws::answered_error(
        operation, "UnauthorizedOperation", "You are not authorized", 403, "r"));
}

} // namespace squall::host
