#include "fake_cloud.h"

#include "squall/base/text.h"
#include "squall/wire/query.h"

namespace squall::host {
namespace {

constexpr const char* boundary_mark = "BOUNDARY";

wire::HttpResponse json_answer(const json::Object& body, int status = 200) {
    return {status, {{"Content-Type", "application/x-amz-json-1.1"}}, json::text(body)};
}

wire::HttpResponse xml_answer(const std::string& action, const std::string& members) {
    return {200,
            {{"Content-Type", "text/xml;charset=UTF-8"}},
            fmt::format("<{0}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
                        "<requestId>r</requestId>{1}</{0}Response>",
                        action,
                        members)};
}

wire::HttpResponse xml_refusal(int status, std::string_view code, std::string_view message) {
    return {status,
            {{"Content-Type", "text/xml;charset=UTF-8"}},
            fmt::format("<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error>"
                        "</Errors><RequestID>r</RequestID></Response>",
                        code,
                        message)};
}

std::string open_entry(bool egress) {
    return fmt::format("<item><ruleNumber>100</ruleNumber><protocol>-1</protocol><ruleAction>allow"
                       "</ruleAction><egress>{}</egress><cidrBlock>0.0.0.0/0</cidrBlock></item>",
                       egress);
}

} // namespace

std::string section(const std::string& name, const std::string& text) {
    return fmt::format("\n=== {} {}\n{}\n", boundary_mark, name, text);
}

std::string FakeCloud::arn_of(const std::string& instance_id) {
    return "arn:aws:ecs:us-east-1:123456789012:container-instance/web/" + instance_id.substr(2);
}

Result<wire::HttpResponse> FakeCloud::send(const wire::Url& server,
                                           const wire::HttpRequest& request,
                                           Deadline deadline,
                                           std::stop_token stop) {
    const auto target = wire::header_value(request.headers, "X-Amz-Target");
    if (target.empty()) {
        const auto form = wire::QueryParameters::parse(request.body).value();
        const std::string action(form.get("Action"));
        asked.insert("ec2:" + action);
        if (denied.contains("ec2:" + action))
            return xml_refusal(
                403, "UnauthorizedOperation", "You are not authorized to perform this operation.");
        return ec2(action, form);
    }
    const std::string operation(target.substr(target.find('.') + 1));
    if (target.starts_with("AmazonSSM.")) {
        if (operation == "SendCommand") run_errand(json::parse_object(request.body).value());
        return ssm.send(server, request, deadline, std::move(stop));
    }
    asked.insert("ecs:" + operation);
    if (denied.contains("ecs:" + operation))
        return json_answer({{"__type", "AccessDeniedException"},
                            {"message",
                             "User: arn:aws:iam::123456789012:user/test is not authorized to "
                             "perform: ecs:"
                                 + operation}},
                           400);
    return ecs(operation);
}

wire::HttpResponse FakeCloud::ecs(const std::string& operation) const {
    json::Array arns;
    json::Array described;
    for (const auto& [id, host] : hosts) {
        if (forgotten.contains(id)) continue;
        arns.emplace_back(arn_of(id));
        described.push_back(json::Object{{"containerInstanceArn", arn_of(id)},
                                         {"ec2InstanceId", id},
                                         {"status", "ACTIVE"},
                                         {"agentConnected", host.agent_connected}});
    }
    if (operation == "ListContainerInstances")
        return json_answer({{"containerInstanceArns", arns}});
    return json_answer({{"containerInstances", described}, {"failures", json::Array{}}});
}

wire::HttpResponse FakeCloud::instances(const wire::QueryParameters& form) const {
    std::string items;
    for (const auto& id : form.list("InstanceId")) {
        const auto found = hosts.find(id);
        if (found == hosts.end() || found->second.state.empty())
            return xml_refusal(400,
                               "InvalidInstanceID.NotFound",
                               fmt::format("The instance ID '{}' does not exist", id));
        const Host& host = found->second;
        items += fmt::format("<item><instanceId>{}</instanceId><instanceState><name>{}</name>"
                             "</instanceState>",
                             id,
                             host.state);
        if (host.state != "terminated")
            items += fmt::format("<vpcId>vpc-1</vpcId><subnetId>{}</subnetId><groupSet><item>"
                                 "<groupId>{}</groupId></item></groupSet>"
                                 "<privateIpAddress>10.0.1.10</privateIpAddress>"
                                 "<ipAddress>52.1.2.3</ipAddress>"
                                 "<iamInstanceProfile><arn>arn:aws:iam::123456789012:"
                                 "instance-profile/ecs</arn></iamInstanceProfile>"
                                 "<metadataOptions><httpEndpoint>enabled</httpEndpoint>"
                                 "</metadataOptions>",
                                 host.subnet_id,
                                 host.group_id);
        items += "</item>";
    }
    return xml_answer("DescribeInstances",
                      "<reservationSet><item><instancesSet>" + items
                          + "</instancesSet></item></reservationSet>");
}

wire::HttpResponse FakeCloud::ec2(const std::string& action,
                                  const wire::QueryParameters& form) const {
    if (action == "DescribeInstances") return instances(form);
    return xml_answer(action, network(action, form));
}

std::string FakeCloud::network(const std::string& action, const wire::QueryParameters& form) const {
    // One for each id that is asked for.
    const auto each = [&](const std::string& item) {
        std::string items;
        for (const auto& id : form.list("Filter.1.Value"))
            items += "<item>" + replace_all(item, "ID", id) + "</item>";
        return items;
    };
    if (action == "DescribeVpcAttribute")
        return fmt::format("<vpcId>vpc-1</vpcId><{0}><value>true</value></{0}>",
                           form.get("Attribute"));
    if (action == "DescribeSecurityGroups")
        return "<securityGroupInfo>"
               + each(std::string("<groupId>ID</groupId><groupName>web</groupName>"
                                  "<vpcId>vpc-1</vpcId><ipPermissions/><ipPermissionsEgress>")
                      + (lets_out ? "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>"
                                    "0.0.0.0/0</cidrIp></item></ipRanges></item>"
                                  : "")
                      + "</ipPermissionsEgress>")
               + "</securityGroupInfo>";
    if (action == "DescribeNetworkAcls")
        return "<networkAclSet><item><networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId>"
               "<entrySet>"
               + open_entry(true) + open_entry(false) + "</entrySet><associationSet>"
               + each("<subnetId>ID</subnetId>") + "</associationSet></item></networkAclSet>";
    if (action == "DescribeRouteTables")
        return "<routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>"
               "<routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>"
               "<gatewayId>igw-1</gatewayId><state>active</state></item></routeSet>"
               "<associationSet><item><main>true</main></item></associationSet></item>"
               "</routeTableSet>";
    if (action == "DescribeInternetGateways")
        return "<internetGatewaySet><item><internetGatewayId>igw-1</internetGatewayId>"
               "<attachmentSet><item><vpcId>vpc-1</vpcId><state>available</state></item>"
               "</attachmentSet></item></internetGatewaySet>";
    if (action == "DescribeSubnets")
        return "<subnetSet>"
               + each("<subnetId>ID</subnetId><vpcId>vpc-1</vpcId>"
                      "<cidrBlock>10.0.1.0/24</cidrBlock>")
               + "</subnetSet>";
    return "<vpcEndpointSet/>";
}

// The script's first line says by what its sections are told apart.
void FakeCloud::run_errand(const json::Object& input) {
    const auto& commands = json::array_at(json::at(input, "Parameters"), "commands");
    const std::string script(json::string_of(commands.front()));
    const std::string boundary = split(script, '\'').at(1);
    for (const auto& [id, report] : brought) {
        const std::string marked = replace_all(report, boundary_mark, boundary);
        ssm.outcomes[id] = {
            "Success", "Success", 0, fmt::format("squall-doctor 1 {}\n{}", boundary, marked)};
    }
}

} // namespace squall::host
