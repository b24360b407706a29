// The VPC itself, and what leads out of it. Nobody changes these here.
#include "ec2/answers.h"
#include "ec2/firewall.h"
#include "ec2/network.h"

namespace squall::lab::ec2 {
namespace {

constexpr const char* nat_address = "52.46.200.1";

} // namespace

Answer Firewall::describe_vpcs(const ApiCall& call) {
    return list_of(call,
                   {"VpcId", "InvalidVpcID.NotFound", "ID", "vpcSet"},
                   {{vpc_id,
                     {{"vpc-id", vpc_id},
                      {"cidr", vpc_cidr_block},
                      {"is-default", "true"},
                      {"isDefault", "true"},
                      {"state", "available"}},
                     [&](wire::XmlWriter& xml) {
                         xml.leaf("vpcId", vpc_id);
                         xml.leaf("ownerId", account_of(call));
                         xml.leaf("state", "available");
                         xml.leaf("cidrBlock", vpc_cidr_block);
                         xml.leaf("instanceTenancy", "default");
                         xml.leaf("isDefault", "true");
                     }}});
}

Answer Firewall::describe_vpc_attribute(const ApiCall& call) {
    if (call.form.get("VpcId") != vpc_id)
        return refuse("InvalidVpcID.NotFound",
                      fmt::format("The vpc ID '{}' does not exist", call.form.get("VpcId")));
    const std::string attribute(call.form.get("Attribute"));
    const bool is_dns = attribute == "enableDnsSupport" || attribute == "enableDnsHostnames";
    if (!is_dns && attribute != "enableNetworkAddressUsageMetrics")
        return refuse(
            "InvalidParameterValue",
            fmt::format("Value ({}) for parameter attribute is invalid. Unknown attribute.",
                        attribute));
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.leaf("vpcId", vpc_id);
        xml.element(attribute, [&] { xml.leaf("value", is_dns ? "true" : "false"); });
    });
}

Answer Firewall::describe_nat_gateways(const ApiCall& call) {
    return list_of(
        call,
        {"NatGatewayId", "NatGatewayNotFound", "ID", "natGatewaySet"},
        {{nat_gateway_id,
          {{"nat-gateway-id", nat_gateway_id}, {"vpc-id", vpc_id}, {"state", "available"}},
          [](wire::XmlWriter& xml) {
              xml.leaf("natGatewayId", nat_gateway_id);
              xml.leaf("vpcId", vpc_id);
              xml.leaf("state", "available");
              xml.leaf("connectivityType", "public");
              xml.leaf("availabilityMode", "regional");
              xml.element("natGatewayAddressSet", [&] {
                  xml.element("item", [&] {
                      xml.leaf("publicIp", nat_address);
                      xml.leaf("isPrimary", "true");
                      xml.leaf("status", "succeeded");
                  });
              });
          }}});
}

Answer Firewall::describe_internet_gateways(const ApiCall& call) {
    return list_of(
        call,
        {"InternetGatewayId", "InvalidInternetGatewayID.NotFound", "ID", "internetGatewaySet"},
        {{internet_gateway_id,
          {{"internet-gateway-id", internet_gateway_id},
           {"attachment.vpc-id", vpc_id},
           {"attachment.state", "available"}},
          [&](wire::XmlWriter& xml) {
              xml.leaf("internetGatewayId", internet_gateway_id);
              xml.leaf("ownerId", account_of(call));
              xml.element("attachmentSet", [&] {
                  xml.element("item", [&] {
                      xml.leaf("vpcId", vpc_id);
                      xml.leaf("state", "available");
                  });
              });
          }}});
}

// There are none: the names of AWS's endpoints lead to public addresses here.
Answer Firewall::describe_vpc_endpoints(const ApiCall& call) {
    return list_of(call,
                   {"VpcEndpointId", "InvalidVpcEndpointId.NotFound", "ID", "vpcEndpointSet"},
                   {{"",
                     {{"vpc-id", ""},
                      {"vpc-endpoint-id", ""},
                      {"vpc-endpoint-type", ""},
                      {"vpc-endpoint-state", ""},
                      {"service-name", ""}},
                     nullptr}});
}

} // namespace squall::lab::ec2
