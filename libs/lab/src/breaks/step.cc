#include "breaks/step.h"

#include <set>

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
        if (best == nullptr || ecs::is_rather(instance, *best)) best = &instance;
    }
    return best;
}

void forget_registrations(Site& site, std::string_view spared_arn) {
    std::set<std::string> spared{std::string(spared_arn)};
    for (const auto& arn : json::array_at(site.before, ghosts_member))
        spared.emplace(json::string_of(arn));
    site.cloud.home().ecs.forget_registrations(site.instance_id, spared, Wall::now());
}

} // namespace squall::lab::breaks
