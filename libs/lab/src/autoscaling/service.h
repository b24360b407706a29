// EC2 Auto Scaling of one region: groups that keep their number of instances. The groups are the
// lab's own; nobody makes others. Single-threaded; time comes in with every call.
#pragma once

#include "api/call.h"
#include "autoscaling/group.h"
#include "autoscaling/launcher.h"
#include "ec2/instances.h"
#include "squall/wire/xml.h"

namespace squall::lab::autoscaling {

class Service {
public:
    static constexpr std::size_t activities_max = 1000; // of a group; the oldest are forgotten
    static constexpr std::size_t hooks_max = 50;        // of a group; AWS's quota
    static constexpr Seconds health_check_interval{10};
    // After a launch that failed.
    static constexpr Seconds launch_pause{30};

    // An event for EventBridge: its detail-type, what it is about, and the rest.
    using Tell = std::function<void(
        std::string_view type, json::Array resources, json::Object detail, WallTime now)>;

    // EC2's instances must outlive it.
    Service(std::string account, std::string region, ec2::Instances& instances, Tell tell);

    [[nodiscard]] std::optional<Answer> call(const ApiCall& call);

    // Without it no group grows. Must outlive its use.
    void use(Launcher* launcher) { launcher_ = launcher; }

    // With name, sizes and zones; of the rest it sees itself.
    void make_group(Group group, WallTime now);
    // An instance that EC2 has; the group wants as many as it has then.
    void attach(const std::string& group, const std::string& instance_id);
    // Ends, launches, replaces. Call it about four times a second.
    void tick(WallTime now);

private:
    template <class T>
    using Found = Result<T, wire::ServiceError>;

    struct Place {
        Group* group = nullptr;
        Member* member = nullptr;
    };

    enum class Capacity { stays, shrinks };

    // describe.cc
    Answer describe_auto_scaling_groups(const ApiCall& call);
    Answer describe_auto_scaling_instances(const ApiCall& call);
    Answer describe_scaling_activities(const ApiCall& call);
    void write(wire::XmlWriter& xml, const Group& group) const;
    // orders.cc
    Answer terminate_instance(const ApiCall& call);
    Answer detach_instances(const ApiCall& call);
    Answer set_desired_capacity(const ApiCall& call);
    Answer set_instance_health(const ApiCall& call);
    Answer suspend_processes(const ApiCall& call);
    Answer resume_processes(const ApiCall& call);
    Answer switch_processes(const ApiCall& call, bool is_suspended);
    [[nodiscard]] Found<Capacity> shrink(Group& group, const ApiCall& call, std::int64_t by);
    // hooks.cc
    Answer put_lifecycle_hook(const ApiCall& call);
    Answer describe_lifecycle_hooks(const ApiCall& call);
    Answer delete_lifecycle_hook(const ApiCall& call);
    Answer complete_lifecycle_action(const ApiCall& call);
    void begin_waiting(Group& group, Member& member, WallTime now);
    // scaling.cc
    Activity& begin(Group& group, const Member& member, const std::string& verb, std::string cause);
    void end(Group& group, const Member& member, std::string_view event_verb, WallTime now);
    Activity& terminate(Group& group, Member& member, std::string cause, WallTime now);
    void proceed(Member& member, WallTime now);
    void follow(Group& group, WallTime now);
    void check_health(Group& group, WallTime now);
    void replace_unhealthy(Group& group, WallTime now);
    void grow(Group& group, WallTime now);
    void fail_launch(Group& group, const std::string& why, WallTime now);
    void shrink_to_size(Group& group, WallTime now);
    void tell_activity(const Group& group,
                       const Activity& activity,
                       std::string_view type,
                       WallTime now) const;

    [[nodiscard]] Found<Group*> group_of(const ApiCall& call);
    [[nodiscard]] Found<Place> place_of(const std::string& instance_id);

    std::string account_;
    std::string region_;
    ec2::Instances& instances_;
    Tell tell_;
    Launcher* launcher_ = nullptr;
    std::map<std::string, Group, std::less<>> groups_; // by name
    WallTime next_health_check_;
};

// What the operations share.
inline constexpr const char* xml_namespace = "http://autoscaling.amazonaws.com/doc/2011-01-01/";
[[nodiscard]] tl::unexpected<wire::ServiceError> invalid(std::string message);
void write(wire::XmlWriter& xml, const Group& group, const Activity& activity);

} // namespace squall::lab::autoscaling
