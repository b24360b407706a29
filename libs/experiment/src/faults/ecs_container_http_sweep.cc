// Where a fault on HTTP traffic may have left something.
#include "cluster_view.h"
#include "faults/ecs_container_http.h"
#include "reach.h"

#include <algorithm>

namespace squall::experiment {

Result<std::vector<Target>> EcsContainerHttp::hosts_to_sweep(World& world,
                                                             const TunableValues& values,
                                                             Deadline deadline,
                                                             std::stop_token stop) const {
    const auto caller = world.sts.get_caller_identity(deadline, stop);
    if (!caller) return fail(aws::to_error(caller.error()));
    const auto view =
        look_at_cluster(world, values.text("CLUSTER_NAME"), "", caller->arn, deadline, stop);
    if (!view) return fail(view.error());
    std::vector<Target> targets;
    for (const auto& instance : view->instances) {
        const auto* managed = view->information(instance);
        // No proxy has ever been there.
        if (managed != nullptr && managed->platform_type == "Windows") continue;
        Target target;
        target.instance_id = instance.ec2_instance_id;
        target.arn = instance.arn;
        const auto obstacle = out_of_reach(managed);
        target.is_reachable = !obstacle;
        if (obstacle) target.skip = obstacle->why;
        targets.push_back(std::move(target));
    }
    std::sort(targets.begin(), targets.end(), [](const Target& a, const Target& b) {
        return a.instance_id < b.instance_id;
    });
    return targets;
}

} // namespace squall::experiment
