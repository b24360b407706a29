// What groups do with their instances: end them, replace them, have as many as they should.
#include "autoscaling/service.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

#include <algorithm>

namespace squall::lab::autoscaling {
namespace {

std::string details_of(const Member& member) {
    return json::text(json::Object{{"Subnet ID", member.subnet_id},
                                   {"Availability Zone", member.availability_zone}});
}

// Whose end a group with too many chooses: of the zone with the most, the oldest.
Member& to_be_ended(Group& group) {
    std::map<std::string, int> serving;
    for (const auto& [id, member] : group.members)
        if (member.lifecycle_state == "InService") ++serving[member.availability_zone];
    Member* chosen = nullptr;
    for (auto& [id, member] : group.members) {
        if (member.lifecycle_state != "InService") continue;
        const int count = serving[member.availability_zone];
        const int best = chosen == nullptr ? 0 : serving[chosen->availability_zone];
        if (count > best || (count == best && member.launched_at < chosen->launched_at))
            chosen = &member;
    }
    SQUALL_ASSERT(chosen != nullptr);
    return *chosen;
}

bool is_at_rest(const Group& group) {
    return static_cast<std::int64_t>(group.members.size()) == group.desired_capacity
           && std::all_of(group.members.begin(), group.members.end(), [](const auto& entry) {
                  const Member& member = entry.second;
                  return member.lifecycle_state == "InService" && member.unhealthy_because.empty();
              });
}

} // namespace

Activity&
Service::begin(Group& group, const Member& member, const std::string& verb, std::string cause) {
    Activity activity;
    activity.id = random_uuid();
    activity.instance_id = member.instance_id;
    activity.description = fmt::format("{} EC2 instance: {}", verb, member.instance_id);
    activity.cause = std::move(cause);
    activity.details = details_of(member);
    if (group.activities.size() >= activities_max) group.activities.erase(group.activities.begin());
    return group.activities.emplace_back(std::move(activity));
}

void Service::tell_activity(const Group& group,
                            const Activity& activity,
                            std::string_view type,
                            WallTime now) const {
    const bool is_launch = type.find("Launch") != std::string_view::npos;
    json::Array resources{json::Value(group.arn)};
    if (!activity.instance_id.empty())
        resources.push_back(json::Value(
            fmt::format("arn:aws:ec2:{}:{}:instance/{}", region_, account_, activity.instance_id)));
    tell_(type,
          std::move(resources),
          {{"ActivityId", activity.id},
           {"AutoScalingGroupName", group.name},
           {"Cause", activity.cause},
           {"Description", activity.description},
           {"Destination", is_launch ? "AutoScalingGroup" : "EC2"},
           {"Details", json::parse_object(activity.details).value_or(json::Object{})},
           {"EC2InstanceId", activity.instance_id},
           {"EndTime", rfc3339_seconds(activity.ended_at.value_or(now))},
           {"Origin", is_launch ? "EC2" : "AutoScalingGroup"},
           {"RequestId", activity.id},
           {"StartTime", rfc3339_seconds(activity.started_at)},
           // AWS's events say so even of what is over.
           {"StatusCode", activity.status == "Failed" ? "Failed" : "InProgress"},
           {"StatusMessage", activity.status_message}},
          now);
}

void Service::end(Group& group, const Member& member, std::string_view event_verb, WallTime now) {
    for (auto& activity : group.activities) {
        if (activity.id != member.activity_id) continue;
        activity.ended_at = now;
        activity.status = "Successful";
        tell_activity(group, activity, fmt::format("EC2 Instance {} Successful", event_verb), now);
    }
}

Activity& Service::terminate(Group& group, Member& member, std::string cause, WallTime now) {
    Activity& activity = begin(group, member, "Terminating", std::move(cause));
    activity.started_at = now;
    member.activity_id = activity.id;
    group.is_in_motion = true;
    if (group.hooks.empty())
        proceed(member, now);
    else
        begin_waiting(group, member, now);
    return activity;
}

void Service::proceed(Member& member, WallTime now) {
    member.lifecycle_state = member.waiting_until ? "Terminating:Proceed" : "Terminating";
    member.waiting_until.reset();
    instances_.terminate(member.instance_id, "Client.UserInitiatedShutdown", now);
}

// What EC2 has done with the members in the meantime.
void Service::follow(Group& group, WallTime now) {
    std::vector<std::string> ended;
    for (auto& [id, member] : group.members) {
        const auto instance = instances_.all.find(id);
        const std::string state =
            instance == instances_.all.end() ? "terminated" : instance->second.state;
        if (member.waiting_until && *member.waiting_until <= now) proceed(member, now);
        if (member.lifecycle_state == "Pending" && state == "running") {
            member.lifecycle_state = "InService";
            end(group, member, "Launch", now);
        }
        const bool is_ending = member.lifecycle_state.starts_with("Terminating");
        if (is_ending && state == "terminated") {
            end(group, member, "Terminate", now);
            ended.push_back(id);
        }
    }
    for (const auto& id : ended)
        group.members.erase(id);
}

void Service::check_health(Group& group, WallTime now) {
    if (group.suspended.contains("HealthCheck")) return;
    for (auto& [id, member] : group.members) {
        const auto instance = instances_.all.find(id);
        const bool runs =
            instance != instances_.all.end()
            && (instance->second.state == "running" || instance->second.state == "pending");
        if (member.lifecycle_state != "InService" || runs || !member.unhealthy_because.empty())
            continue;
        member.unhealthy_because =
            fmt::format("At {} an instance was taken out of service in response to an EC2 health "
                        "check indicating it has been terminated or stopped.",
                        rfc3339_seconds(now));
        group.is_in_motion = true;
    }
}

void Service::replace_unhealthy(Group& group, WallTime now) {
    if (group.suspended.contains("ReplaceUnhealthy")) return;
    for (auto& [id, member] : group.members) {
        if (member.lifecycle_state == "InService" && !member.unhealthy_because.empty())
            terminate(group, member, member.unhealthy_because, now);
    }
}

void Service::fail_launch(Group& group, const std::string& why, WallTime now) {
    Activity& activity = begin(group, Member{}, "Launching a new", group.growth);
    activity.description =
        fmt::format("Launching a new EC2 instance.  Status Reason: {} Launching EC2 instance "
                    "failed.",
                    why);
    activity.details = "{}";
    activity.started_at = now;
    activity.ended_at = now;
    activity.status = "Failed";
    activity.status_message = why;
    group.next_launch = now + launch_pause;
    tell_activity(group, activity, "EC2 Instance Launch Unsuccessful", now);
}

void Service::grow(Group& group, WallTime now) {
    const auto count = static_cast<std::int64_t>(group.members.size());
    if (count >= group.desired_capacity || group.suspended.contains("Launch")
        || launcher_ == nullptr || now < group.next_launch)
        return;
    if (group.growth.empty())
        group.growth = fmt::format("At {} an instance was launched in response to an unhealthy "
                                   "instance needing to be replaced.",
                                   rfc3339_seconds(now));
    const auto launched = launcher_->launch(group.name);
    if (!launched) return fail_launch(group, launched.error().message, now);
    const std::int64_t desired = group.desired_capacity;
    attach(group.name, *launched);
    group.desired_capacity = desired;
    Member& member = group.members[*launched];
    member.lifecycle_state = "Pending";
    Activity& activity = begin(group, member, "Launching a new", group.growth);
    activity.started_at = now;
    member.activity_id = activity.id;
    if (count + 1 == desired) group.growth.clear();
}

void Service::shrink_to_size(Group& group, WallTime now) {
    const auto serving =
        std::count_if(group.members.begin(), group.members.end(), [](const auto& entry) {
            return entry.second.lifecycle_state == "InService";
        });
    if (serving <= group.desired_capacity || group.suspended.contains("Terminate")) return;
    Member& member = to_be_ended(group);
    const std::string when = rfc3339_seconds(now);
    terminate(group,
              member,
              fmt::format("At {0} an instance was taken out of service in response to a difference "
                          "between desired and actual capacity, shrinking the capacity from {1} to "
                          "{2}.  At {0} instance {3} was selected for termination.",
                          when,
                          serving,
                          serving - 1,
                          member.instance_id),
              now);
}

void Service::tick(WallTime now) {
    const bool looks = now >= next_health_check_;
    if (looks) next_health_check_ = now + health_check_interval;
    for (auto& [name, group] : groups_) {
        if (looks) check_health(group, now);
        // Groups may be of ten thousand.
        if (!group.is_in_motion) continue;
        follow(group, now);
        replace_unhealthy(group, now);
        shrink_to_size(group, now);
        grow(group, now);
        group.is_in_motion = !is_at_rest(group);
    }
}

} // namespace squall::lab::autoscaling
