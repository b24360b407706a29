// What a fault on HTTP traffic needs, asked for without doing anything.
#include "faults/ecs_container_http.h"
#include "faults/ecs_container_http_tasks.h"
#include "permission_checks.h"
#include "squall/base/text.h"

namespace squall::experiment {
namespace {

using State = CheckItem::State;

// Whether the helper is where the hosts are to fetch it, with the rights that they fetch it with.
CheckItem look_at_helper(const aws::Outcome<bool>& found,
                         const TunableValues& values,
                         const std::string& key) {
    const std::string& bucket = values.text("HELPER_BUCKET");
    const std::string& prefix = values.text("HELPER_PREFIX");
    std::string publish = fmt::format("squall helper publish --bucket {}", bucket);
    if (prefix != "squall/") publish += " --prefix " + prefix;
    const std::string place = fmt::format("s3://{}/{}", bucket, key);
    CheckItem item{"s3:GetObject", State::good, place, "", true};
    if (found) {
        if (*found) return item;
        item.state = State::bad;
        item.text = fmt::format("there is no {}", place);
        item.advice = fmt::format("put it there: `{}`", publish);
        return item;
    }
    const auto& error = found.error();
    item.state = error.kind == Errc::unavailable ? State::unknown : State::bad;
    item.text = aws::to_error(error).message;
    if (error.code == "NoSuchBucket") {
        item.text = fmt::format("there is no bucket {}", bucket);
        item.advice = fmt::format("make it, and then `{}`", publish);
    } else if (error.kind == Errc::denied) {
        item.text = fmt::format("not allowed on {}", place);
        item.advice = fmt::format("allow it (`squall policy`); to who may not list the bucket, S3 "
                                  "says the same of what is not there: `{}`",
                                  publish);
    }
    return item;
}

std::vector<CheckItem> permissions(World& world,
                                   const TunableValues& values,
                                   Deadline deadline,
                                   const std::stop_token& stop) {
    PermissionChecks checks(world, deadline, stop);
    const std::string& cluster = values.text("CLUSTER_NAME");
    const std::vector<std::string> clusters{cluster};
    const std::vector<std::string> nothing{std::string(32, '0')};
    const std::vector<std::string> no_name{"squall-check"};
    // A policy may allow the named service and no other.
    const std::vector<std::string> services{values.text("SERVICE_NAME")};
    checks.take("ecs:DescribeClusters", world.ecs.describe_clusters(clusters, deadline, stop));
    checks.take("ecs:DescribeTasks", world.ecs.describe_tasks(cluster, nothing, deadline, stop));
    checks.take("ecs:DescribeTaskDefinition",
                world.ecs.describe_task_definition("squall-check", deadline, stop));
    checks.take("ecs:DescribeContainerInstances",
                world.ecs.describe_container_instances(cluster, nothing, deadline, stop));
    if (values.text("TASK_REPLICA_ID").empty()) {
        checks.take("ecs:DescribeServices",
                    world.ecs.describe_services(cluster, services, deadline, stop));
        checks.take("ecs:ListTasks", world.ecs.list_tasks(cluster, {}, deadline, stop));
    }
    checks.look_at_commands();
    if (!values.text("STOP_ALARMS").empty())
        checks.take("cloudwatch:DescribeAlarms",
                    world.cloudwatch.describe_alarms(no_name, deadline, stop));
    checks.look_at_bus(values);
    auto items = checks.items_so_far();
    const std::string& bucket = values.text("HELPER_BUCKET");
    if (bucket.empty() || values.text("INSTALL_DEPENDENCIES") != "true" || !world.has_object)
        return items;
    for (const auto& helper : world.helpers) {
        const std::string key = helper_key(values.text("HELPER_PREFIX"), helper.sha256);
        items.push_back(look_at_helper(world.has_object(bucket, key, deadline, stop), values, key));
    }
    return items;
}

void add_plan(const Plan& plan, std::vector<CheckItem>& items) {
    items.push_back({"tasks",
                     State::good,
                     fmt::format("{} on {} host{} ({})",
                                 plan.task_count(),
                                 plan.injected_ids().size(),
                                 plan.injected_ids().size() == 1 ? "" : "s",
                                 plan.selection.how),
                     "",
                     true});
    for (const auto& helper : plan.helpers)
        items.push_back({"helper for " + helper.architecture,
                         helper.source.empty() ? State::unknown : State::good,
                         helper.source.empty() ? "has to be on the hosts already"
                                               : "comes from " + helper.source,
                         helper.source.empty() ? "set HELPER_BUCKET (`squall helper publish`) or "
                                                 "HELPER_URL for hosts that do not have it"
                                               : "",
                         // Whoever says that nothing is to be fetched has seen to it.
                         plan.tunables.text("INSTALL_DEPENDENCIES") == "true"});
    add_what_hinders(plan, items);
}

} // namespace

std::vector<CheckItem> EcsContainerHttp::look_beforehand(World& world,
                                                         const TunableValues& values,
                                                         Deadline deadline,
                                                         std::stop_token stop) const {
    const LookBeforehand look{[&] { return permissions(world, values, deadline, stop); },
                              [&] { return plan(world, values, deadline, stop); },
                              add_plan};
    return look_in_turn(world, look, deadline, stop);
}

} // namespace squall::experiment
