// What ecs-agent-stop needs, asked for without doing anything.
#include "faults/ecs_agent_stop.h"
#include "permission_checks.h"
#include "squall/aws/cloudwatch.h"
#include "squall/base/text.h"

namespace squall::experiment {
namespace {

using State = CheckItem::State;

const std::string no_container_instance(32, '0');

// Only a strict run needs it.
void need_if_strict(const TunableValues& values, CheckItem& item) {
    if (values.text("GUARDS") == "strict") return;
    item.needed = false;
    if (item.state == State::bad) item.text = "not allowed: a run does not look at it";
    item.advice.clear();
}

std::vector<CheckItem> permissions(World& world,
                                   const TunableValues& values,
                                   Deadline deadline,
                                   const std::stop_token& stop) {
    PermissionChecks checks(world, deadline, stop);
    const std::string& cluster = values.text("CLUSTER_NAME");
    const std::vector<std::string> clusters{cluster};
    const std::vector<std::string> container_instances{no_container_instance};
    const std::vector<std::string> nothing{"squall-check"};
    checks.take("ecs:DescribeClusters", world.ecs.describe_clusters(clusters, deadline, stop));
    checks.take("ecs:ListContainerInstances",
                world.ecs.list_container_instances(cluster, {}, deadline, stop));
    checks.take(
        "ecs:DescribeContainerInstances",
        world.ecs.describe_container_instances(cluster, container_instances, deadline, stop));
    checks.look_at_commands();
    need_if_strict(
        values, checks.take("ecs:ListServices", world.ecs.list_services(cluster, deadline, stop)));
    need_if_strict(values,
                   checks.take("ecs:DescribeServices",
                               world.ecs.describe_services(cluster, nothing, deadline, stop)));
    if (!values.text("STOP_ALARMS").empty())
        checks.take("cloudwatch:DescribeAlarms",
                    world.cloudwatch.describe_alarms(nothing, deadline, stop));
    checks.look_at_bus(values);
    return checks.items_so_far();
}

void add_hosts(const Plan& plan, std::vector<CheckItem>& items) {
    const auto injected = plan.injected_ids().size();
    items.push_back({"hosts",
                     injected == 0 ? State::bad : State::good,
                     fmt::format("{} of {} container instances can be affected",
                                 injected,
                                 plan.selection.registered),
                     "",
                     true});
    add_what_hinders(plan, items);
}

} // namespace

std::vector<CheckItem> EcsAgentStop::look_beforehand(World& world,
                                                     const TunableValues& values,
                                                     Deadline deadline,
                                                     std::stop_token stop) const {
    const LookBeforehand look{[&] { return permissions(world, values, deadline, stop); },
                              [&] { return plan(world, values, deadline, stop); },
                              add_hosts};
    return look_in_turn(world, look, deadline, stop);
}

} // namespace squall::experiment
