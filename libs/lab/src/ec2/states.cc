// What becomes of instances: their states, and the interruption of Spot Instances.
#include "ec2/instances.h"

namespace squall::lab::ec2 {
namespace {

// What each state leads to.
std::string next_of(const std::string& state) {
    if (state == "pending") return "running";
    if (state == "stopping") return "stopped";
    return state == "shutting-down" ? "terminated" : std::string();
}

} // namespace

std::string state_code(const std::string& state) {
    if (state == "pending") return "0";
    if (state == "running") return "16";
    if (state == "shutting-down") return "32";
    if (state == "terminated") return "48";
    return state == "stopping" ? "64" : "80";
}

Instance& Instances::launch(Instance instance, WallTime now) {
    const std::string id = instance.id;
    instance.state.clear();
    Instance& stored = all[id] = std::move(instance);
    change_state(id, "pending", now);
    change_state(id, "running", now);
    return stored;
}

bool Instances::change_state(const std::string& id, const std::string& state, WallTime now) {
    const auto found = all.find(id);
    if (found == all.end() || found->second.state == state) return false;
    found->second.state = state;
    if (state == "terminated") found->second.ended_at = now;
    // What is outside of the VPC's block is on no wire, and there may be thousands of it.
    if (is_within(found->second.private_ip, vpc_cidr_block)) firewall.changed();
    if (on_state_) on_state_(found->second, now);
    return true;
}

void Instances::settle(const std::string& id, const std::string& state, WallTime now) {
    const auto found = all.find(id);
    if (found != all.end() && next_of(found->second.state) == state) change_state(id, state, now);
}

const Instance* Instances::at_address(std::string_view private_ip) const {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) {
        return !private_ip.empty() && one.second.private_ip == private_ip && !one.second.ended_at;
    });
    return found == all.end() ? nullptr : &found->second;
}

bool Instances::terminate(const std::string& id, const std::string& reason, WallTime now) {
    const auto found = all.find(id);
    if (found == all.end() || next_of(found->second.state) == "terminated"
        || found->second.state == "terminated")
        return false;
    found->second.reason = reason;
    // One that is stopped has nothing to shut down.
    const bool was_stopped = found->second.state == "stopped";
    change_state(id, was_stopped ? "terminated" : "shutting-down", now);
    if (machines_ != nullptr) machines_->terminate(id);
    if (machines_ == nullptr) settle(id, "terminated", now);
    return true;
}

void Instances::tick(WallTime now) {
    std::erase_if(all, [&](const auto& entry) {
        return entry.second.ended_at && now - *entry.second.ended_at > terminated_kept;
    });
}

bool Instances::interrupt(const std::string& id, WallTime at, WallTime now) {
    const auto found = all.find(id);
    if (found == all.end() || found->second.state != "running") return false;
    found->second.interrupted_at = at;
    if (on_interruption_) on_interruption_(found->second, now);
    return true;
}

std::vector<std::string> Instances::overdue(WallTime now) const {
    std::vector<std::string> ids;
    for (const auto& [id, instance] : all) {
        if (instance.state == "running" && instance.interrupted_at
            && *instance.interrupted_at <= now)
            ids.push_back(id);
    }
    return ids;
}

} // namespace squall::lab::ec2
