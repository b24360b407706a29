#include "simulated_world.h"

#include "squall/monitor/event_parser.h"

namespace squall::monitor {
namespace {

// The members of `entry` over those that `known` has.
void merge(json::Object& known, const json::Object& entry) {
    for (const auto& member : entry)
        known[member.key()] = member.value();
}

Result<void> add_by(std::map<std::string, json::Object>& entries,
                    const json::Value& value,
                    const char* list,
                    const char* key) {
    const std::string id(json::string_at(value, key));
    if (id.empty()) return fail(Errc::invalid_input, "a member of \"{}\" has \"{}\"", list, key);
    merge(entries[id], value.get_object());
    return {};
}

bool has_tag(const json::Object& cluster, std::string_view value) {
    const json::Value& tags = json::at(cluster, "tags");
    if (tags.is_object()) return json::string_at(tags, cluster_tag_key) == value;
    for (const auto& tag : json::array_at(cluster, "tags")) {
        if (json::string_at(tag, "key") == cluster_tag_key)
            return json::string_at(tag, "value") == value;
    }
    return false;
}

} // namespace

Result<void> SimulatedWorld::add_container_instance(View& view, const json::Object& entry) {
    const std::string arn(json::string_at(entry, "containerInstanceArn"));
    json::Object object;
    if (const auto known = view.container_instances.find(arn);
        known != view.container_instances.end())
        object = known->second.object;
    merge(object, entry);
    auto report = parse_container_instance(object, json::string_at(object, "clusterArn"));
    if (!report) return fail("\"containerInstances\"", report.error());
    view.container_instances[arn] = {std::move(object), std::move(*report)};
    return {};
}

Result<void> SimulatedWorld::set(const json::Object& world) {
    View next;
    if (json::bool_at(world, "patch")) next = view_;
    for (const auto& entry : json::array_at(world, "containerInstances")) {
        if (!entry.is_object())
            return fail(Errc::invalid_input, "a member of \"containerInstances\" is an object");
        if (auto added = add_container_instance(next, entry.get_object()); !added) return added;
    }

    struct List {
        const char* name;
        const char* key;
        std::map<std::string, json::Object>& entries;
    };

    for (const auto& list : {List{"instances", "InstanceId", next.instances},
                             List{"asg", "InstanceId", next.groups},
                             List{"clusters", "clusterArn", next.clusters}}) {
        for (const auto& entry : json::array_at(world, list.name)) {
            if (auto added = add_by(list.entries, entry, list.name, list.key); !added) return added;
        }
    }
    for (const auto& gone : json::array_at(world, "gone")) {
        const std::string id(json::string_of(gone));
        next.container_instances.erase(id);
        next.instances.erase(id);
        next.groups.erase(id);
        next.clusters.erase(id);
    }
    view_ = std::move(next);
    return {};
}

std::string SimulatedWorld::failure_text(std::string_view operation) const {
    return fmt::format("{}: {}",
                       operation,
                       outcome_ == ApiOutcome::denied ? "AccessDeniedException"
                                                      : "ThrottlingException: Rate exceeded");
}

ClustersSeen SimulatedWorld::clusters(const std::optional<std::string>& tag) const {
    std::map<std::string, bool> monitored;
    for (const auto& [arn, instance] : view_.container_instances)
        monitored.try_emplace(instance.report.cluster_arn, !tag);
    for (const auto& [arn, cluster] : view_.clusters)
        monitored[arn] = !tag || has_tag(cluster, *tag);
    ClustersSeen seen;
    for (const auto& [arn, is_monitored] : monitored)
        seen.clusters.push_back({arn, is_monitored});
    return seen;
}

std::map<std::string, std::vector<InstanceReport>> SimulatedWorld::lists() const {
    std::map<std::string, std::vector<InstanceReport>> lists;
    for (const auto& [arn, cluster] : view_.clusters)
        lists[arn];
    for (const auto& [arn, instance] : view_.container_instances) {
        auto& list = lists[instance.report.cluster_arn];
        if (instance.report.status != "INACTIVE") list.push_back(instance.report);
    }
    return lists;
}

std::optional<Ec2Seen> SimulatedWorld::ec2(const std::string& id) const {
    const auto found = view_.instances.find(id);
    if (found == view_.instances.end()) return std::nullopt;
    const json::Object& entry = found->second;
    Ec2Seen seen;
    seen.state = json::string_at(entry, "State", json::string_at(json::at(entry, "State"), "Name"));
    // Of what is not EC2's, SSM says whether it can be reached.
    if (const auto ping = json::string_at(entry, "PingStatus"); !ping.empty())
        seen.state = ping == "Online" ? "running" : "stopped";
    seen.availability_zone = json::string_at(entry, "AvailabilityZone");
    seen.launched_at = time_of(json::at(entry, "LaunchTime"));
    return seen;
}

GroupMembersSeen SimulatedWorld::group_members() const {
    GroupMembersSeen seen;
    for (const auto& [id, entry] : view_.groups)
        seen.members.push_back({id,
                                std::string(json::string_at(entry, "LifecycleState")),
                                std::string(json::string_at(entry, "AutoScalingGroupName")),
                                std::string(json::string_at(entry, "cluster")),
                                ec2(id)});
    return seen;
}

LookAnswer SimulatedWorld::look(const LookRequest& request) const {
    LookAnswer answer;
    answer.host = request.host;
    answer.outcome = outcome_;
    if (outcome_ != ApiOutcome::ok) {
        answer.what = failure_text("ecs:DescribeContainerInstances");
        return answer;
    }
    for (const auto& arn : request.arns) {
        const auto found = view_.container_instances.find(arn);
        if (found != view_.container_instances.end())
            answer.reports.push_back(found->second.report);
        else
            answer.missing.push_back(arn);
    }
    answer.ec2 = ec2(request.ec2_instance_id);
    if (const auto group = view_.groups.find(request.ec2_instance_id); group != view_.groups.end())
        answer.lifecycle_state = json::string_at(group->second, "LifecycleState");
    return answer;
}

} // namespace squall::monitor
