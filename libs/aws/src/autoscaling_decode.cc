#include "autoscaling_decode.h"

// Our own XML reader gives an element's texts, but not lists within lists such as a group's
// instances.
#include <pugixml.hpp>

namespace squall::aws {
namespace {

AutoScalingInstance decode_instance(const pugi::xml_node& node) {
    AutoScalingInstance instance;
    instance.instance_id = node.child("InstanceId").text().get();
    instance.group_name = node.child("AutoScalingGroupName").text().get();
    instance.lifecycle_state = node.child("LifecycleState").text().get();
    instance.health_status = node.child("HealthStatus").text().get();
    instance.availability_zone = node.child("AvailabilityZone").text().get();
    instance.is_protected_from_scale_in = node.child("ProtectedFromScaleIn").text().as_bool();
    return instance;
}

AutoScalingGroup decode_group(const pugi::xml_node& node) {
    AutoScalingGroup group;
    group.name = node.child("AutoScalingGroupName").text().get();
    group.arn = node.child("AutoScalingGroupARN").text().get();
    group.min_size = node.child("MinSize").text().as_llong();
    group.max_size = node.child("MaxSize").text().as_llong();
    group.desired_capacity = node.child("DesiredCapacity").text().as_llong();
    for (const auto member : node.child("Instances").children("member")) {
        group.instances.push_back(decode_instance(member));
        // It stands around them and not in them.
        group.instances.back().group_name = group.name;
    }
    for (const auto tag : node.child("Tags").children("member"))
        group.tags.insert_or_assign(tag.child("Key").text().get(), tag.child("Value").text().get());
    return group;
}

// The members of LIST in ACTION's result.
template <class T>
Result<AutoScalingPage<T>> decode_page(std::string_view xml,
                                       const std::string& action,
                                       const char* list,
                                       T (*decode)(const pugi::xml_node&)) {
    pugi::xml_document document;
    const auto parsed =
        document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed) return fail(Errc::failed, "not valid XML: {}", parsed.description());
    const auto result =
        document.child((action + "Response").c_str()).child((action + "Result").c_str());
    if (!result) return fail(Errc::failed, "no {}Result", action);
    AutoScalingPage<T> page;
    page.next_token = result.child("NextToken").text().get();
    for (const auto member : result.child(list).children("member"))
        page.found.push_back(decode(member));
    return page;
}

} // namespace

Result<AutoScalingPage<AutoScalingInstance>> decode_auto_scaling_instances(std::string_view xml) {
    return decode_page<AutoScalingInstance>(
        xml, "DescribeAutoScalingInstances", "AutoScalingInstances", &decode_instance);
}

Result<AutoScalingPage<AutoScalingGroup>> decode_auto_scaling_groups(std::string_view xml) {
    return decode_page<AutoScalingGroup>(
        xml, "DescribeAutoScalingGroups", "AutoScalingGroups", &decode_group);
}

} // namespace squall::aws
