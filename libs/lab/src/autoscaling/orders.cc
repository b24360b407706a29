// What people order of groups and their instances.
#include "api/query_answer.h"
#include "autoscaling/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>
#include <array>

namespace squall::lab::autoscaling {
namespace {

constexpr std::array<std::string_view, 9> processes{"AddToLoadBalancer",
                                                    "AlarmNotification",
                                                    "AZRebalance",
                                                    "HealthCheck",
                                                    "InstanceRefresh",
                                                    "Launch",
                                                    "ReplaceUnhealthy",
                                                    "ScheduledActions",
                                                    "Terminate"};

std::string shrinking(std::int64_t from, std::int64_t to) {
    return fmt::format(", shrinking the capacity from {} to {}", from, to);
}

} // namespace

// What the call says becomes of the group's size when `by` instances leave it.
Service::Found<Service::Capacity>
Service::shrink(Group& group, const ApiCall& call, std::int64_t by) {
    const auto decrement = call.form.get("ShouldDecrementDesiredCapacity");
    if (decrement != "true" && decrement != "false")
        return invalid("1 validation error detected: Value null at "
                       "'shouldDecrementDesiredCapacity' failed to satisfy constraint: Member must "
                       "not be null");
    if (decrement == "false") return Capacity::stays;
    if (group.desired_capacity - by < group.min_size)
        return invalid(fmt::format(
            "Currently, desiredSize equals minSize ({}). Terminating instance without replacement "
            "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity "
            "flag to false or lower group's min size.",
            group.min_size));
    group.desired_capacity -= by;
    return Capacity::shrinks;
}

Answer Service::terminate_instance(const ApiCall& call) {
    const auto place = place_of(std::string(call.form.get("InstanceId")));
    if (!place) return fail(place.error());
    Group& group = *place->group;
    Member& member = *place->member;
    if (member.lifecycle_state.starts_with("Terminating"))
        return refuse("ScalingActivityInProgress",
                      fmt::format("Activity {} is in progress.", member.activity_id));
    const std::int64_t before = group.desired_capacity;
    const auto capacity = shrink(group, call, 1);
    if (!capacity) return fail(capacity.error());
    const Activity& activity = terminate(
        group,
        member,
        fmt::format("At {} instance {} was taken out of service in response to a user request{}.",
                    rfc3339_seconds(call.now),
                    member.instance_id,
                    *capacity == Capacity::shrinks ? shrinking(before, before - 1) : ""),
        call.now);
    return query_answer(call, xml_namespace, [&](wire::XmlWriter& xml) {
        xml.element("Activity", [&] { autoscaling::write(xml, group, activity); });
    });
}

Answer Service::detach_instances(const ApiCall& call) {
    const auto found = group_of(call);
    if (!found) return fail(found.error());
    Group& group = **found;
    const auto ids = call.form.list("InstanceIds");
    for (const auto& id : ids) {
        const auto member = group.members.find(id);
        if (member == group.members.end())
            return invalid(fmt::format(
                "The instance {} is not part of Auto Scaling group {}.", id, group.name));
        if (member->second.lifecycle_state != "InService")
            return invalid(fmt::format("The instance {} is not in InService or Standby.", id));
    }
    const std::int64_t before = group.desired_capacity;
    const auto capacity = shrink(group, call, static_cast<std::int64_t>(ids.size()));
    if (!capacity) return fail(capacity.error());
    std::vector<Activity> activities;
    for (const auto& id : ids) {
        Member member = group.members.find(id)->second;
        Activity& activity = begin(
            group,
            member,
            "Detaching",
            fmt::format("At {} instance {} was detached in response to a user request{}.",
                        rfc3339_seconds(call.now),
                        id,
                        *capacity == Capacity::shrinks ? shrinking(before, group.desired_capacity)
                                                       : ""));
        activity.started_at = call.now;
        member.activity_id = activity.id;
        activities.push_back(activity);
        group.members.erase(id);
        if (const auto instance = instances_.all.find(id); instance != instances_.all.end())
            instance->second.group.clear();
        end(group, member, "Detach", call.now);
    }
    group.is_in_motion = true;
    return query_answer(call, xml_namespace, [&](wire::XmlWriter& xml) {
        xml.element("Activities", [&] {
            for (const auto& activity : activities)
                xml.element("member", [&] { autoscaling::write(xml, group, activity); });
        });
    });
}

Answer Service::set_desired_capacity(const ApiCall& call) {
    const auto found = group_of(call);
    if (!found) return fail(found.error());
    Group& group = **found;
    const auto wanted = to_integer(call.form.get("DesiredCapacity"));
    if (!wanted) return invalid("DesiredCapacity is not a number");
    if (*wanted > group.max_size)
        return invalid(fmt::format("New SetDesiredCapacity value {} is above max value {} for the "
                                   "AutoScalingGroup.",
                                   *wanted,
                                   group.max_size));
    if (*wanted < group.min_size)
        return invalid(fmt::format("New SetDesiredCapacity value {} is below min value {} for the "
                                   "AutoScalingGroup.",
                                   *wanted,
                                   group.min_size));
    const std::string when = rfc3339_seconds(call.now);
    group.growth = fmt::format("At {0} a user request explicitly set group desired capacity "
                               "changing the desired capacity from {1} to {2}.  At {0} an instance "
                               "was started in response to a difference between desired and actual "
                               "capacity, increasing the capacity from {1} to {2}.",
                               when,
                               group.desired_capacity,
                               *wanted);
    if (*wanted <= group.desired_capacity) group.growth.clear();
    group.desired_capacity = *wanted;
    group.is_in_motion = true;
    return query_answer(call, xml_namespace);
}

Answer Service::set_instance_health(const ApiCall& call) {
    const auto place = place_of(std::string(call.form.get("InstanceId")));
    if (!place) return fail(place.error());
    const auto status = call.form.get("HealthStatus");
    if (status != "Healthy" && status != "Unhealthy")
        return invalid(
            fmt::format("Invalid value for HealthStatus '{}': it is Healthy or Unhealthy", status));
    place->member->unhealthy_because.clear();
    if (status == "Unhealthy")
        place->member->unhealthy_because = fmt::format(
            "At {} an instance was taken out of service in response to a user health-check.",
            rfc3339_seconds(call.now));
    place->group->is_in_motion = true;
    return query_answer(call, xml_namespace);
}

Answer Service::switch_processes(const ApiCall& call, bool is_suspended) {
    const auto group = group_of(call);
    if (!group) return fail(group.error());
    auto named = call.form.list("ScalingProcesses");
    if (named.empty()) named.assign(processes.begin(), processes.end());
    for (const auto& name : named) {
        if (std::find(processes.begin(), processes.end(), name) == processes.end())
            return invalid(fmt::format("Invalid process type: {}", name));
    }
    for (const auto& name : named) {
        if (is_suspended)
            (*group)->suspended.insert(name);
        else
            (*group)->suspended.erase(name);
    }
    (*group)->is_in_motion = true;
    return query_answer(call, xml_namespace);
}

Answer Service::suspend_processes(const ApiCall& call) { return switch_processes(call, true); }

Answer Service::resume_processes(const ApiCall& call) { return switch_processes(call, false); }

} // namespace squall::lab::autoscaling
