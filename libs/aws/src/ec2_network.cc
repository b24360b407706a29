#include "squall/aws/ec2_network.h"

#include "ec2_network_decode.h"
#include "pages.h"

#include <iterator>

namespace squall::aws {
namespace {

// EC2 takes no more values of one filter, and gives no more entries of any of these in one page.
constexpr std::size_t values_max = 200;
constexpr std::string_view page_size = "100";

template <class T>
struct Question {
    std::string_view action;
    std::string_view filter; // its name
    Result<Ec2Page<T>> (*decode)(std::string_view xml) = nullptr;
};

template <class T>
Outcome<std::vector<T>> describe(Client& client,
                                 const Question<T>& question,
                                 std::span<const std::string> values,
                                 const Ec2Network::Until& until) {
    std::vector<T> all;
    for (const auto& batch : batches(values, values_max)) {
        wire::QueryParameters parameters;
        parameters.add("Filter.1.Name", std::string(question.filter));
        for (std::size_t i = 0; i < batch.size(); ++i)
            parameters.add(fmt::format("Filter.1.Value.{}", i + 1), batch[i]);
        parameters.add("MaxResults", std::string(page_size));
        const auto take = [&](std::string_view xml) -> Result<std::string> {
            auto page = question.decode(xml);
            if (!page) return fail(page.error());
            std::move(page->found.begin(), page->found.end(), std::back_inserter(all));
            return std::move(page->next_token);
        };
        const PagedQuery query{ServiceId::ec2, question.action, std::move(parameters)};
        if (auto done = for_each_page(client, query, until.deadline, until.stop, take); !done)
            return fail(done.error());
    }
    return all;
}

Outcome<bool> describe_attribute(Client& client,
                                 const std::string& vpc_id,
                                 const char* attribute,
                                 const Ec2Network::Until& until) {
    wire::QueryParameters parameters;
    parameters.add("VpcId", vpc_id);
    parameters.add("Attribute", attribute);
    const auto text =
        client.call_text(ServiceId::ec2,
                         "DescribeVpcAttribute",
                         form_body(ServiceId::ec2, "DescribeVpcAttribute", std::move(parameters)),
                         until.deadline,
                         until.stop);
    if (!text) return fail(text.error());
    const auto value = decode_vpc_attribute(*text, attribute);
    if (!value) return fail(not_answered("ec2:DescribeVpcAttribute", value.error()));
    return *value;
}

} // namespace

Outcome<std::vector<Subnet>> Ec2Network::describe_subnets(std::span<const std::string> subnet_ids,
                                                          const Until& until) {
    return describe<Subnet>(
        client_, {"DescribeSubnets", "subnet-id", &decode_subnets}, subnet_ids, until);
}

Outcome<std::vector<SecurityGroup>>
Ec2Network::describe_security_groups(std::span<const std::string> group_ids, const Until& until) {
    return describe<SecurityGroup>(
        client_, {"DescribeSecurityGroups", "group-id", &decode_security_groups}, group_ids, until);
}

Outcome<std::vector<NetworkAcl>>
Ec2Network::describe_network_acls(std::span<const std::string> subnet_ids, const Until& until) {
    auto acls =
        describe<NetworkAcl>(client_,
                             {"DescribeNetworkAcls", "association.subnet-id", &decode_network_acls},
                             subnet_ids,
                             until);
    return acls;
}

Outcome<std::vector<RouteTable>>
Ec2Network::describe_route_tables(std::span<const std::string> vpc_ids, const Until& until) {
    return describe<RouteTable>(
        client_, {"DescribeRouteTables", "vpc-id", &decode_route_tables}, vpc_ids, until);
}

Outcome<std::vector<NatGateway>>
Ec2Network::describe_nat_gateways(std::span<const std::string> nat_gateway_ids,
                                  const Until& until) {
    return describe<NatGateway>(client_,
                                {"DescribeNatGateways", "nat-gateway-id", &decode_nat_gateways},
                                nat_gateway_ids,
                                until);
}

Outcome<std::vector<InternetGateway>>
Ec2Network::describe_internet_gateways(std::span<const std::string> vpc_ids, const Until& until) {
    return describe<InternetGateway>(
        client_,
        {"DescribeInternetGateways", "attachment.vpc-id", &decode_internet_gateways},
        vpc_ids,
        until);
}

Outcome<std::vector<VpcEndpoint>>
Ec2Network::describe_vpc_endpoints(std::span<const std::string> vpc_ids, const Until& until) {
    return describe<VpcEndpoint>(
        client_, {"DescribeVpcEndpoints", "vpc-id", &decode_vpc_endpoints}, vpc_ids, until);
}

Outcome<VpcDns> Ec2Network::describe_vpc_dns(const std::string& vpc_id, const Until& until) {
    const auto support = describe_attribute(client_, vpc_id, "enableDnsSupport", until);
    if (!support) return fail(support.error());
    const auto hostnames = describe_attribute(client_, vpc_id, "enableDnsHostnames", until);
    if (!hostnames) return fail(hostnames.error());
    return VpcDns{*support, *hostnames};
}

} // namespace squall::aws
