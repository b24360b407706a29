#include "autoscaling/service.h"

#include "squall/base/text.h"

namespace squall::lab::autoscaling {

std::string
group_arn(const std::string& account, const std::string& region, const std::string& name) {
    const std::string hash = sha256_hex(fmt::format("{}/{}/{}", account, region, name));
    return fmt::format("arn:aws:autoscaling:{}:{}:autoScalingGroup:{}-{}-{}-{}-{}:"
                       "autoScalingGroupName/{}",
                       region,
                       account,
                       hash.substr(0, 8),
                       hash.substr(8, 4),
                       hash.substr(12, 4),
                       hash.substr(16, 4),
                       hash.substr(20, 12),
                       name);
}

tl::unexpected<wire::ServiceError> invalid(std::string message) {
    return refuse("ValidationError", std::move(message));
}

Service::Service(std::string account, std::string region, ec2::Instances& instances, Tell tell)
    : account_(std::move(account)),
      region_(std::move(region)),
      instances_(instances),
      tell_(std::move(tell)) {}

std::optional<Answer> Service::call(const ApiCall& call) {
    static const OperationTable<Service> operations{
        {"CompleteLifecycleAction", &Service::complete_lifecycle_action},
        {"DeleteLifecycleHook", &Service::delete_lifecycle_hook},
        {"DescribeAutoScalingGroups", &Service::describe_auto_scaling_groups},
        {"DescribeAutoScalingInstances", &Service::describe_auto_scaling_instances},
        {"DescribeLifecycleHooks", &Service::describe_lifecycle_hooks},
        {"DescribeScalingActivities", &Service::describe_scaling_activities},
        {"DetachInstances", &Service::detach_instances},
        {"PutLifecycleHook", &Service::put_lifecycle_hook},
        {"ResumeProcesses", &Service::resume_processes},
        {"SetDesiredCapacity", &Service::set_desired_capacity},
        {"SetInstanceHealth", &Service::set_instance_health},
        {"SuspendProcesses", &Service::suspend_processes},
        {"TerminateInstanceInAutoScalingGroup", &Service::terminate_instance}};
    return call_operation(*this, operations, call);
}

void Service::make_group(Group group, WallTime now) {
    group.arn = group_arn(account_, region_, group.name);
    group.created_at = now;
    const std::string name = group.name;
    groups_[name] = std::move(group);
}

void Service::attach(const std::string& group, const std::string& instance_id) {
    const auto found = groups_.find(group);
    const auto instance = instances_.all.find(instance_id);
    SQUALL_ASSERT(found != groups_.end() && instance != instances_.all.end());
    instance->second.group = group;
    Member member;
    member.instance_id = instance_id;
    member.instance_type = instance->second.type;
    member.image_id = instance->second.image_id;
    member.availability_zone = instance->second.availability_zone;
    member.subnet_id = instance->second.subnet_id;
    member.launched_at = instance->second.launched_at;
    found->second.members[instance_id] = std::move(member);
    found->second.desired_capacity = static_cast<std::int64_t>(found->second.members.size());
}

Service::Found<Group*> Service::group_of(const ApiCall& call) {
    const auto found = groups_.find(call.form.get("AutoScalingGroupName"));
    if (found == groups_.end())
        return invalid("AutoScalingGroup name not found - null"); // AWS's words
    return &found->second;
}

Service::Found<Service::Place> Service::place_of(const std::string& instance_id) {
    for (auto& [name, group] : groups_) {
        const auto member = group.members.find(instance_id);
        if (member != group.members.end()) return Place{&group, &member->second};
    }
    return invalid(fmt::format(
        "Instance Id not found - No managed instance found for instance ID {}", instance_id));
}

} // namespace squall::lab::autoscaling
