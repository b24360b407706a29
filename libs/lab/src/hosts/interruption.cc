// Hosts that EC2 takes back: Spot Instances.
#include "hosts/population.h"

namespace squall::lab {

std::string Population::instance_named(const std::string& name) {
    const Registered known = registered();
    for (const Place& place : places_) {
        const auto* instance = of(place, known);
        const bool is_registered =
            instance != nullptr && (instance->arn == name || instance->arn.ends_with("/" + name));
        if (is_registered || place.instance_id == name || std::to_string(place.ordinal) == name)
            return place.instance_id;
    }
    return {};
}

void Population::end_overdue(WallTime now) {
    auto& ec2 = ground_.cloud.home().ec2;
    for (const auto& id : ec2.overdue(now))
        ec2.terminate(id, "Server.SpotInstanceTermination", now);
}

} // namespace squall::lab
