#include "breaks/step.h"

namespace squall::lab::breaks {

ec2::Instance* Site::ec2() const {
    auto& all = cloud.home().ec2.all;
    const auto found = all.find(instance_id);
    return found == all.end() ? nullptr : &found->second;
}

ecs::ContainerInstance* Site::container_instance() const {
    ecs::ContainerInstance* best = nullptr;
    for (auto& [arn, instance] : cloud.home().ecs.store().instances) {
        if (instance.ec2_instance_id != instance_id) continue;
        const bool is_better = best == nullptr || instance.agent_connected > best->agent_connected
                               || (instance.agent_connected == best->agent_connected
                                   && instance.registered_at > best->registered_at);
        if (is_better) best = &instance;
    }
    return best;
}

} // namespace squall::lab::breaks
