// What people change of an instance: its type, its security groups, and whether it has metadata.
#include "ec2/answers.h"
#include "ec2/instances.h"
#include "squall/wire/xml.h"

#include <regex>

namespace squall::lab::ec2 {
namespace {

// AWS's quota for one network interface.
constexpr std::size_t groups_max = 5;

tl::unexpected<wire::ServiceError> invalid(std::string_view parameter, std::string_view value) {
    return refuse("InvalidParameterValue",
                  fmt::format("Invalid value '{}' for {}.", value, parameter));
}

// These calls name one instance, where others have a list.
ApiCall with_list(const ApiCall& call) {
    ApiCall listed = call;
    listed.form.add("InstanceId.1", std::string(call.form.get("InstanceId")));
    return listed;
}

} // namespace

// Of all attributes only the type and the security groups. A container instance cannot become one
// of another type, and agents are told so when they register again.
Answer Instances::modify_instance_attribute(const ApiCall& call) {
    static const std::regex type_pattern("[a-z][a-z0-9-]{1,20}\\.[a-z0-9-]{2,20}");
    const auto ids = ordered_ids(with_list(call));
    if (!ids) return fail(ids.error());
    if (call.form.has("GroupId.1")) return modify_groups(call, all.find(ids->front())->second);
    const bool is_plain = call.form.get("Attribute") == "instanceType";
    const std::string type(call.form.get(is_plain ? "Value" : "InstanceType.Value"));
    if (type.empty())
        return refuse("InvalidParameterCombination",
                      "No attributes specified; this lab changes InstanceType and Groups.");
    if (!std::regex_match(type, type_pattern)) return invalid("InstanceType", type);
    Instance& instance = all.find(ids->front())->second;
    if (instance.state != "stopped")
        return refuse("IncorrectInstanceState",
                      fmt::format("The instance '{}' is not in the 'stopped' state.", instance.id));
    instance.type = type;
    return done(call);
}

Answer Instances::modify_groups(const ApiCall& call, Instance& instance) const {
    const auto ids = call.form.list("GroupId");
    for (const auto& id : ids) {
        if (!firewall.has_group(id))
            return refuse("InvalidGroup.NotFound",
                          fmt::format("The security group '{}' does not exist", id));
    }
    if (ids.size() > groups_max)
        return refuse("SecurityGroupsPerInterfaceLimitExceeded",
                      "The maximum number of security groups per interface has been reached.");
    instance.group_ids = ids;
    firewall.changed();
    return done(call);
}

Answer Instances::modify_instance_metadata_options(const ApiCall& call) {
    const auto ids = ordered_ids(with_list(call));
    if (!ids) return fail(ids.error());
    Instance& instance = all.find(ids->front())->second;
    const auto endpoint = call.form.get("HttpEndpoint");
    if (!endpoint.empty() && endpoint != "enabled" && endpoint != "disabled")
        return invalid("HttpEndpoint", endpoint);
    if (!endpoint.empty()) instance.has_metadata = endpoint == "enabled";
    return answer_with(call, [&](wire::XmlWriter& xml) {
        xml.leaf("instanceId", instance.id);
        xml.element("instanceMetadataOptions", [&] { write_metadata_options(xml, instance); });
    });
}

} // namespace squall::lab::ec2
