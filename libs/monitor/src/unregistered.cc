// Hosts that serve in an Auto Scaling group and that no cluster knows.
#include "reduction.h"

#include <algorithm>
#include <set>

namespace squall::monitor {

// An instance of an Auto Scaling group that serves and that no cluster knows.
void Reduction::look_at_unregistered(const GroupMember& member) {
    const auto hosts = state_.hosts_of(member.ec2_instance_id);
    Host* unregistered = nullptr;
    bool is_registered = false;
    for (Host* host : hosts) {
        if (host->is_unregistered) unregistered = host;
        is_registered = is_registered || (!host->is_unregistered && host->phase != Phase::gone);
    }
    const bool is_gone = !member.ec2 || member.ec2->state != "running";
    if (unregistered != nullptr) {
        if (member.ec2) see_ec2(*unregistered, *member.ec2);
        if (is_gone && !member.ec2) unregistered->ec2_state = state_.keep("not found");
        judge_again(*unregistered);
        return;
    }
    if (is_registered || is_gone || member.lifecycle_state != "InService") return;
    const auto seen = state_.first_seen.try_emplace(member.ec2_instance_id, now_).first;
    const WallTime begun =
        member.ec2->launched_at == unknown_time ? seen->second : member.ec2->launched_at;
    if (now_ < begun + settings_.boot_grace) return;
    ClusterState* cluster = state_.find_cluster(member.cluster);
    Host& host =
        state_.host(cluster == nullptr ? member.cluster : cluster->arn, member.ec2_instance_id);
    host.records.clear();
    host.is_unregistered = true;
    host.since = begun;
    host.told_reason = Reason::none;
    see_ec2(host, *member.ec2);
    judge(host);
}

void Reduction::take(const GroupMembersSeen& seen) {
    std::set<std::string_view> listed;
    for (const auto& member : seen.members) {
        listed.insert(member.ec2_instance_id);
        if (member.lifecycle_state.starts_with("Terminat")) {
            for (Host* host : state_.hosts_of(member.ec2_instance_id)) {
                host->scale_in_at = now_;
                state_.touch(*host);
            }
        }
        if (!member.cluster.empty()) look_at_unregistered(member);
    }
    std::vector<Host*> left; // those that were told of, and have left their group
    state_.for_each_host([&](const Host& host) {
        if (host.is_unregistered && !listed.contains(host.ec2_instance_id))
            left.push_back(state_.find(host.key));
    });
    std::sort(
        left.begin(), left.end(), [](const Host* a, const Host* b) { return a->key < b->key; });
    for (Host* host : left) {
        host->ec2_state = state_.keep("not found");
        if (host->phase == Phase::gone || host->phase == Phase::up) continue;
        judge_again(*host);
    }
    std::erase_if(state_.first_seen,
                  [&](const auto& entry) { return !listed.contains(entry.first); });
}

} // namespace squall::monitor
