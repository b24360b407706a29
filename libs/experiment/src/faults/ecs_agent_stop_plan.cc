// What a run of ecs-agent-stop would do.
#include "announcement.h"
#include "faults/ecs_agent_stop.h"
#include "faults/ecs_agent_stop_scripts.h"
#include "faults/ecs_agent_stop_windows.h"
#include "guards.h"
#include "narrowing.h"
#include "reach.h"
#include "squall/base/text.h"

#include <algorithm>
#include <set>

namespace squall::experiment {
namespace {

constexpr std::int64_t describe_batch = 100;
constexpr std::int64_t ssm_batch = 50;
constexpr std::int64_t services_batch = 10;

std::int64_t batches(std::size_t count, std::int64_t size) {
    return (static_cast<std::int64_t>(count) + size - 1) / size;
}

// Why nothing is done on this instance.
std::optional<Obstacle> obstacle_of(const aws::ContainerInstance& instance,
                                    const aws::InstanceInformation* managed) {
    if (instance.status != "ACTIVE" && instance.status != "DRAINING")
        return Obstacle{fmt::format("its status is {}", instance.status), ""};
    if (auto obstacle = out_of_reach(managed)) return obstacle;
    if (!instance.agent_connected)
        return Obstacle{"its agent is already disconnected",
                        "an agent that is found away is left alone, and not started by the undo"};
    return std::nullopt;
}

Target target_of(const aws::ContainerInstance& instance,
                 const aws::InstanceInformation* information) {
    Target target;
    target.instance_id = instance.ec2_instance_id;
    target.arn = instance.arn;
    target.availability_zone = zone_of(instance);
    target.platform = platform_of(information);
    if (information != nullptr && information->platform_type == "Windows")
        target.shell = host::Shell::powershell;
    target.running_tasks = instance.running_tasks_count;
    target.is_reachable = !out_of_reach(information);
    if (auto obstacle = obstacle_of(instance, information)) {
        target.skip = std::move(obstacle->why);
        target.advice = std::move(obstacle->advice);
    }
    return target;
}

// What the settings need beside what every run needs.
void add_permissions(Plan& plan) {
    if (!plan.tunables.text("ASSUME_ROLE_ARN").empty())
        plan.permissions.insert(plan.permissions.begin(), "sts:AssumeRole");
    if (plan.tunables.text("GUARDS") == "strict")
        plan.permissions.insert(plan.permissions.end(),
                                {"ecs:ListServices", "ecs:DescribeServices"});
    if (!plan.tunables.text("STOP_ALARMS").empty())
        plan.permissions.emplace_back("cloudwatch:DescribeAlarms");
}

std::set<std::string> windows_ids(const Plan& plan) {
    std::set<std::string> ids;
    for (const auto& target : plan.targets) {
        if (target.shell == host::Shell::powershell) ids.insert(target.instance_id);
    }
    return ids;
}

void add_scripts(Plan& plan) {
    const auto is_sent = [&](host::Shell shell) {
        return std::any_of(plan.targets.begin(), plan.targets.end(), [&](const Target& target) {
            return target.is_injected() && target.shell == shell;
        });
    };
    if (is_sent(host::Shell::posix))
        plan.scripts.push_back(
            {host::Shell::posix,
             agent_stop_script("<run>", "<issued-at>", "<not-after>", "<restore-at>", "<longest>"),
             agent_start_script("<run>", "<not-after>", "<yes-or-no>")});
    if (is_sent(host::Shell::powershell))
        plan.scripts.push_back(
            {host::Shell::powershell,
             windows_stop_script(
                 "<run>", "<issued-at>", "<not-after>", "<restore-at>", "<longest>"),
             windows_start_script("<run>", "<not-after>", "<yes-or-no>")});
}

void add_calls(Plan& plan, std::size_t services) {
    const std::size_t all = plan.selection.registered;
    std::int64_t sends = 0;
    std::size_t largest = 0;
    const std::set<std::string> windows = windows_ids(plan);
    for (const auto& wave : plan.waves()) {
        const auto powershell = static_cast<std::size_t>(std::count_if(
            wave.begin(), wave.end(), [&](const auto& id) { return windows.contains(id); }));
        sends += batches(powershell, ssm_batch) + batches(wave.size() - powershell, ssm_batch);
        largest = std::max(largest, wave.size());
    }
    const std::int64_t lists = plan.tunables.text("ATTRIBUTE").empty() ? 1 : 2;
    plan.calls = {
        {"sts:GetCallerIdentity", 1},
        {"ecs:DescribeClusters", 1},
        {"ecs:ListContainerInstances", lists * batches(all, describe_batch)},
        {"ecs:DescribeContainerInstances", batches(all, describe_batch)},
        {"ssm:DescribeInstanceInformation", batches(all, ssm_batch)},
        {"ecs:ListServices", std::max<std::int64_t>(1, batches(services, describe_batch))},
        {"ecs:DescribeServices", batches(services, services_batch)},
        {"ssm:SendCommand", 2 * sends},
        {"ssm:ListCommandInvocations", batches(largest, ssm_batch), true},
        {"ecs:DescribeContainerInstances", batches(largest, describe_batch), true}};
    if (!plan.tunables.text("STOP_ALARMS").empty())
        plan.calls.push_back({"cloudwatch:DescribeAlarms", 1, true});
}

void add_warnings(Plan& plan) {
    plan.warnings.emplace_back(
        "while the agent is stopped, running tasks cannot reach 169.254.170.2: they get no new "
        "task-role credentials and no task metadata (stopping the ecs unit removes that route)");
    if (plan.duration < seen_for_certain) {
        plan.warnings.push_back(
            fmt::format("{} s may be too short to be seen: ECS takes about 30 s to miss an agent's "
                        "heartbeats when the connection does not close",
                        plan.duration.count()));
    }
    if (std::any_of(plan.scripts.begin(), plan.scripts.end(), [](const HostScripts& scripts) {
            return scripts.shell == host::Shell::powershell;
        }))
        plan.warnings.emplace_back(
            "the scripts for Windows hosts have not been executed by squall's own tests: try them "
            "on one host first (CONTAINER_INSTANCE_IDS)");
    const auto skipped = std::count_if(plan.targets.begin(),
                                       plan.targets.end(),
                                       [](const Target& target) { return !target.is_injected(); });
    if (skipped > 0)
        plan.warnings.push_back(
            fmt::format("{} of {} container instances are not affected (see their reasons)",
                        skipped,
                        plan.targets.size()));
}

} // namespace

Result<Plan> EcsAgentStop::plan(World& world,
                                const TunableValues& values,
                                Deadline deadline,
                                std::stop_token stop) const {
    Plan plan;
    plan.fault = description().name;
    plan.region = world.region;
    plan.endpoint = world.endpoint;
    plan.tunables = values;
    plan.specs = description().tunables;
    plan.permissions = description().permissions;
    plan.duration = values.seconds("TOTAL_CHAOS_DURATION");
    plan.ramp = values.seconds("RAMP_TIME");
    const auto caller = world.sts.get_caller_identity(deadline, stop);
    if (!caller) return fail(aws::to_error(caller.error()));
    plan.principal = caller->arn;
    const auto view = look_at_cluster(world,
                                      values.text("CLUSTER_NAME"),
                                      values.text("ATTRIBUTE"),
                                      plan.principal,
                                      deadline,
                                      stop);
    if (!view) return fail(view.error());
    plan.cluster = view->cluster.arn;
    plan.selection.registered = view->instances.size();
    const auto matching = narrowed(*view, values);
    if (!matching) return fail(matching.error());
    for (const auto* instance : *matching)
        plan.targets.push_back(target_of(*instance, view->information(*instance)));
    std::sort(plan.targets.begin(), plan.targets.end(), [](const Target& a, const Target& b) {
        return a.instance_id < b.instance_id;
    });
    choose_targets(plan);
    add_scripts(plan);
    plan.guards = guard_findings(world, plan, view->instances, deadline, stop);
    add_calls(
        plan,
        static_cast<std::size_t>(std::max<std::int64_t>(0, view->cluster.active_services_count)));
    add_permissions(plan);
    add_announcement(plan);
    add_warnings(plan);
    return plan;
}

} // namespace squall::experiment
