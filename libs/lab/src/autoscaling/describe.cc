// What Auto Scaling tells of groups, their instances and what it has done with them.
#include "api/query_answer.h"
#include "autoscaling/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::autoscaling {
namespace {

constexpr int filters_max = 50;
constexpr std::size_t ids_max = 50;

struct PageSize {
    std::int64_t otherwise;
    std::int64_t most;
};

Result<Page, wire::ServiceError>
page_of_form(const ApiCall& call, const std::vector<std::string>& keys, PageSize limits) {
    const auto given = call.form.get("MaxRecords");
    const auto size = given.empty() ? std::optional(limits.otherwise) : to_integer(given);
    if (!size || *size < 1 || *size > limits.most)
        return invalid(fmt::format("The value of MaxRecords is not valid: '{}'. Minimum value: 1. "
                                   "Maximum value: {}.",
                                   given,
                                   limits.most));
    auto page = page_of(keys, call.form.get("NextToken"), static_cast<std::size_t>(*size));
    if (!page) return refuse("InvalidNextToken", "The token is not valid");
    return std::move(*page);
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

// Every filter, by one of its values.
Result<bool, wire::ServiceError> passes(const wire::QueryParameters& form, const Group& group) {
    for (int i = 1; i <= filters_max; ++i) {
        const std::string prefix = fmt::format("Filters.member.{}", i);
        if (!form.has_structure(prefix)) break;
        const std::string name(form.get(prefix + ".Name"));
        const auto values = form.list(prefix + ".Values");
        const bool is_tag = name.starts_with("tag:");
        if (!is_tag && name != "tag-key" && name != "tag-value")
            return invalid(fmt::format("Filter type {} is not correct. Allowed Filter types are: "
                                       "tag-key tag-value tag:<key>",
                                       name));
        const bool fits = std::any_of(group.tags.begin(), group.tags.end(), [&](const auto& tag) {
            if (is_tag) return tag.first == name.substr(4) && contains(values, tag.second);
            return contains(values, name == "tag-key" ? tag.first : tag.second);
        });
        if (!fits) return false;
    }
    return true;
}

void write_members(wire::XmlWriter& xml, const Member& member, bool is_in_group) {
    const bool is_healthy = member.unhealthy_because.empty();
    xml.leaf("InstanceId", member.instance_id);
    xml.leaf("InstanceType", member.instance_type);
    xml.leaf("ImageId", member.image_id);
    xml.leaf("AvailabilityZone", member.availability_zone);
    xml.leaf("LifecycleState", member.lifecycle_state);
    // Spelled in two ways.
    if (is_in_group)
        xml.leaf("HealthStatus", is_healthy ? "Healthy" : "Unhealthy");
    else
        xml.leaf("HealthStatus", is_healthy ? "HEALTHY" : "UNHEALTHY");
    xml.leaf("ProtectedFromScaleIn", "false");
}

void write_tags(wire::XmlWriter& xml, const Group& group) {
    for (const auto& [key, value] : group.tags) {
        xml.element("member", [&, &key = key, &value = value] {
            xml.leaf("ResourceId", group.name);
            xml.leaf("ResourceType", "auto-scaling-group");
            xml.leaf("Key", key);
            xml.leaf("Value", value);
            xml.leaf("PropagateAtLaunch", "false");
        });
    }
}

} // namespace

void Service::write(wire::XmlWriter& xml, const Group& group) const {
    xml.leaf("AutoScalingGroupName", group.name);
    xml.leaf("AutoScalingGroupARN", group.arn);
    xml.leaf("MinSize", std::to_string(group.min_size));
    xml.leaf("MaxSize", std::to_string(group.max_size));
    xml.leaf("DesiredCapacity", std::to_string(group.desired_capacity));
    xml.leaf("DefaultCooldown", "300");
    xml.element("AvailabilityZones", [&] {
        for (const auto& zone : group.availability_zones)
            xml.leaf("member", zone);
    });
    xml.leaf("HealthCheckType", "EC2");
    xml.leaf("HealthCheckGracePeriod", "0");
    xml.element("Instances", [&] {
        for (const auto& [id, member] : group.members)
            xml.element("member", [&, &member = member] { write_members(xml, member, true); });
    });
    xml.leaf("CreatedTime", rfc3339_millis(group.created_at));
    xml.element("SuspendedProcesses", [&] {
        for (const auto& process : group.suspended) {
            xml.element("member", [&] {
                xml.leaf("ProcessName", process);
                xml.leaf("SuspensionReason",
                         "User suspended at " + rfc3339_seconds(group.created_at));
            });
        }
    });
    xml.leaf("VPCZoneIdentifier", join(group.subnet_ids, ","));
    xml.element("Tags", [&] { write_tags(xml, group); });
    xml.element("TerminationPolicies", [&] { xml.leaf("member", "Default"); });
    xml.leaf("NewInstancesProtectedFromScaleIn", "false");
}

void write(wire::XmlWriter& xml, const Group& group, const Activity& activity) {
    xml.leaf("ActivityId", activity.id);
    xml.leaf("AutoScalingGroupName", group.name);
    xml.leaf("AutoScalingGroupARN", group.arn);
    xml.leaf("Description", activity.description);
    xml.leaf("Cause", activity.cause);
    xml.leaf("StartTime", rfc3339_millis(activity.started_at));
    if (activity.ended_at) xml.leaf("EndTime", rfc3339_seconds(*activity.ended_at));
    xml.leaf("StatusCode", activity.status);
    if (!activity.status_message.empty()) xml.leaf("StatusMessage", activity.status_message);
    xml.leaf("Progress", activity.ended_at ? "100" : "0");
    xml.leaf("Details", activity.details);
}

Answer Service::describe_auto_scaling_groups(const ApiCall& call) {
    const auto wanted = call.form.list("AutoScalingGroupNames");
    std::vector<std::string> names;
    for (const auto& [name, group] : groups_) {
        const auto passed = passes(call.form, group);
        if (!passed) return fail(passed.error());
        if (*passed && (wanted.empty() || contains(wanted, name))) names.push_back(name);
    }
    const auto page = page_of_form(call, names, {50, 100});
    if (!page) return fail(page.error());
    return query_answer(call, xml_namespace, [&](wire::XmlWriter& xml) {
        xml.element("AutoScalingGroups", [&] {
            for (const auto& name : page->keys)
                xml.element("member", [&] { write(xml, groups_.find(name)->second); });
        });
        if (!page->next_token.empty()) xml.leaf("NextToken", page->next_token);
    });
}

Answer Service::describe_auto_scaling_instances(const ApiCall& call) {
    const auto wanted = call.form.list("InstanceIds");
    if (wanted.size() > ids_max)
        return invalid(fmt::format(
            "The number of instance ids that may be passed in is limited to {}", ids_max));
    std::map<std::string, const Group*> found;
    for (const auto& [name, group] : groups_) {
        for (const auto& id : wanted)
            if (group.members.contains(id)) found[id] = &group;
        if (!wanted.empty()) continue;
        for (const auto& [id, member] : group.members)
            found[id] = &group;
    }
    std::vector<std::string> ids;
    ids.reserve(found.size());
    for (const auto& [id, group] : found)
        ids.push_back(id);
    const auto page = page_of_form(call, ids, {50, 50});
    if (!page) return fail(page.error());
    return query_answer(call, xml_namespace, [&](wire::XmlWriter& xml) {
        xml.element("AutoScalingInstances", [&] {
            for (const auto& id : page->keys) {
                xml.element("member", [&] {
                    const Group& group = *found[id];
                    write_members(xml, group.members.find(id)->second, false);
                    xml.leaf("AutoScalingGroupName", group.name);
                });
            }
        });
        if (!page->next_token.empty()) xml.leaf("NextToken", page->next_token);
    });
}

Answer Service::describe_scaling_activities(const ApiCall& call) {
    const auto wanted = call.form.list("ActivityIds");
    const std::string of(call.form.get("AutoScalingGroupName"));
    if (!of.empty()) {
        const auto group = group_of(call);
        if (!group) return fail(group.error());
    }
    // Newest first: the keys count down.
    std::map<std::string, std::pair<const Group*, const Activity*>> found;
    for (const auto& [name, group] : groups_) {
        if (!of.empty() && of != name) continue;
        for (std::size_t i = 0; i < group.activities.size(); ++i) {
            const Activity& activity = group.activities[i];
            const auto age =
                std::numeric_limits<std::int64_t>::max() - epoch_millis(activity.started_at);
            if (wanted.empty() || contains(wanted, activity.id))
                found[fmt::format("{:019}/{:06}/{}", age, activities_max - i, activity.id)] = {
                    &group, &activity};
        }
    }
    std::vector<std::string> keys;
    keys.reserve(found.size());
    for (const auto& [key, activity] : found)
        keys.push_back(key);
    const auto page = page_of_form(call, keys, {100, 100});
    if (!page) return fail(page.error());
    return query_answer(call, xml_namespace, [&](wire::XmlWriter& xml) {
        xml.element("Activities", [&] {
            for (const auto& key : page->keys) {
                const auto [group, activity] = found[key];
                xml.element("member", [&, group = group, activity = activity] {
                    autoscaling::write(xml, *group, *activity);
                });
            }
        });
        if (!page->next_token.empty()) xml.leaf("NextToken", page->next_token);
    });
}

} // namespace squall::lab::autoscaling
