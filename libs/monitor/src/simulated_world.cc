#include "simulated_world.h"

#include "squall/monitor/event_parser.h"

namespace squall::monitor {
namespace {

// The members of `entry` over those that `known` has.
void merge(json::Object& known, const json::Object& entry) {
    for (const auto& member : entry)
        known[member.key()] = member.value();
}

// What is being made of an entry: begun with what is known of it, once.
template <class Entry>
Entry& begin(std::map<std::string, Entry>& changes,
             const std::map<std::string, Entry>& known,
             const std::string& id) {
    const auto [at, is_new] = changes.try_emplace(id);
    if (!is_new) return at->second;
    if (const auto found = known.find(id); found != known.end()) at->second = found->second;
    return at->second;
}

Result<void> add_by(std::map<std::string, json::Object>& changes,
                    const std::map<std::string, json::Object>& known,
                    const json::Value& value,
                    const char* list,
                    const char* key) {
    const std::string id(json::string_at(value, key));
    if (id.empty()) return fail(Errc::invalid_input, "a member of \"{}\" has \"{}\"", list, key);
    merge(begin(changes, known, id), value.get_object());
    return {};
}

template <class Entry>
void put_over(std::map<std::string, Entry>& known, std::map<std::string, Entry>& changes) {
    for (auto& [id, entry] : changes)
        known.insert_or_assign(id, std::move(entry));
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

Result<void> SimulatedWorld::add_container_instance(View& changes,
                                                    const View& known,
                                                    const json::Object& entry) {
    const std::string arn(json::string_at(entry, "containerInstanceArn"));
    ContainerInstance& instance =
        begin(changes.container_instances, known.container_instances, arn);
    merge(instance.object, entry);
    auto report =
        parse_container_instance(instance.object, json::string_at(instance.object, "clusterArn"));
    if (!report) return fail("\"containerInstances\"", report.error());
    instance.report = std::move(*report);
    return {};
}

// A list that is none would be a world without what it was meant to hold.
Result<void> SimulatedWorld::set(const json::Object& world) {
    for (const char* list : {"containerInstances", "instances", "asg", "clusters", "gone"}) {
        if (world.contains(list) && !world.at(list).is_array())
            return fail(Errc::invalid_input, "\"{}\" of a world is a list", list);
    }
    if (world.contains("patch") && !world.at("patch").is_bool())
        return fail(Errc::invalid_input, "\"patch\" of a world is true or false");
    if (!json::bool_at(world, "patch")) {
        SimulatedWorld whole;
        if (auto made = whole.patch(world); !made) return made;
        view_ = std::move(whole.view_);
        return {};
    }
    return patch(world);
}

// Costs what is said, not what is known: a day of many instances has a patch for every event.
Result<void> SimulatedWorld::patch(const json::Object& world) {
    View changes;
    for (const auto& entry : json::array_at(world, "containerInstances")) {
        if (!entry.is_object())
            return fail(Errc::invalid_input, "a member of \"containerInstances\" is an object");
        if (auto added = add_container_instance(changes, view_, entry.get_object()); !added)
            return added;
    }

    struct List {
        const char* name;
        const char* key;
        std::map<std::string, json::Object> View::*entries;
    };

    for (const auto& list : {List{"instances", "InstanceId", &View::instances},
                             List{"asg", "InstanceId", &View::groups},
                             List{"clusters", "clusterArn", &View::clusters}}) {
        for (const auto& entry : json::array_at(world, list.name)) {
            auto added =
                add_by(changes.*list.entries, view_.*list.entries, entry, list.name, list.key);
            if (!added) return added;
        }
    }
    put_over(view_.container_instances, changes.container_instances);
    put_over(view_.instances, changes.instances);
    put_over(view_.groups, changes.groups);
    put_over(view_.clusters, changes.clusters);
    for (const auto& gone : json::array_at(world, "gone")) {
        const std::string id(json::string_of(gone));
        view_.container_instances.erase(id);
        view_.instances.erase(id);
        view_.groups.erase(id);
        view_.clusters.erase(id);
    }
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
