// What becomes of instances: their states, and the interruption of Spot Instances.
#include "ec2/instances.h"

namespace squall::lab::ec2 {

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
    if (on_state_) on_state_(found->second, now);
    return true;
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
