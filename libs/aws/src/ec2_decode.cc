#include "ec2_decode.h"

#include "answer_time.h"

// Our own XML reader gives an element's texts, but not lists within lists such as an instance's
// tags.
#include <pugixml.hpp>

namespace squall::aws {
namespace {

Ec2Instance decode_instance(const pugi::xml_node& node) {
    Ec2Instance instance;
    instance.instance_id = node.child("instanceId").text().get();
    instance.state = node.child("instanceState").child("name").text().get();
    instance.availability_zone = node.child("placement").child("availabilityZone").text().get();
    instance.private_ip = node.child("privateIpAddress").text().get();
    const auto launched = parse_answer_time(node.child("launchTime").text().get());
    if (launched) instance.launch_time = *launched;
    for (const auto tag : node.child("tagSet").children("item")) {
        instance.tags.insert_or_assign(tag.child("key").text().get(),
                                       tag.child("value").text().get());
    }
    instance.instance_type = node.child("instanceType").text().get();
    instance.vpc_id = node.child("vpcId").text().get();
    instance.subnet_id = node.child("subnetId").text().get();
    for (const auto group : node.child("groupSet").children("item"))
        instance.group_ids.emplace_back(group.child("groupId").text().get());
    instance.public_ip = node.child("ipAddress").text().get();
    for (const auto interface : node.child("networkInterfaceSet").children("item"))
        instance.has_ipv6_address |= !interface.child("ipv6AddressesSet").child("item").empty();
    instance.iam_instance_profile_arn = node.child("iamInstanceProfile").child("arn").text().get();
    const auto options = node.child("metadataOptions");
    instance.metadata_options = {options.child("httpEndpoint").text().get(),
                                 options.child("httpTokens").text().get(),
                                 options.child("httpPutResponseHopLimit").text().as_int()};
    return instance;
}

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

} // namespace

Result<InstancesPage> decode_instances(std::string_view xml) {
    pugi::xml_document document;
    const auto parsed =
        document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) return fail(Errc::failed, "not valid XML: {}", parsed.description());
    const auto root = document.child("DescribeInstancesResponse");
    if (!root) return fail(Errc::failed, "no DescribeInstancesResponse");
    InstancesPage page;
    page.next_token = root.child("nextToken").text().get();
    for (const auto reservation : root.child("reservationSet").children("item")) {
        for (const auto node : reservation.child("instancesSet").children("item"))
            page.instances.push_back(decode_instance(node));
    }
    return page;
}

std::vector<std::string> instance_ids_in(std::string_view message) {
    std::vector<std::string> ids;
    std::size_t at = 0;
    while ((at = message.find("i-", at)) != std::string_view::npos) {
        std::size_t end = at + 2;
        while (end < message.size() && is_hex_digit(message[end]))
            ++end;
        if (end > at + 2) ids.emplace_back(message.substr(at, end - at));
        at = end;
    }
    return ids;
}

} // namespace squall::aws
