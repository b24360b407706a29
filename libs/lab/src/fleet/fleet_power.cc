// Virtual instances that are switched off and on.
#include "fleet/fleet.h"

namespace squall::lab::fleet {

void Fleet::switch_off(const std::string& instance_id, WallTime now) {
    const auto found = members_.find(instance_id);
    if (found == members_.end()) return;
    Member& member = found->second;
    member.is_off = true;
    disconnect(member, now);
    // A hold on its agent does not outlive this.
    member.host = VirtualHost{};
    for (const auto& [arn, told] : std::exchange(member.tasks, {})) {
        if (told != "RUNNING") continue;
        member.unsent.push_back({{"cluster", rules_.cluster},
                                 {"task", arn},
                                 {"status", "STOPPED"},
                                 {"reason", "the host was stopped"},
                                 {"containers", json::Array{}}});
    }
}

void Fleet::switch_on(const std::string& instance_id, WallTime now) {
    const auto found = members_.find(instance_id);
    if (found == members_.end()) return;
    Member& member = found->second;
    member.is_off = false;
    if (!member.is_silent) take_messages(member, now);
    later(now, [this, &member](WallTime then) { connect(member, then); });
}

} // namespace squall::lab::fleet
