// What a run of a fault on HTTP traffic would do.
#include "announcement.h"
#include "cluster_view.h"
#include "common_tunables.h"
#include "faults/ecs_container_http.h"
#include "faults/ecs_container_http_scripts.h"
#include "faults/ecs_container_http_tasks.h"
#include "faults/ecs_container_http_warnings.h"
#include "guards.h"
#include "reach.h"
#include "selection.h"
#include "squall/base/text.h"

#include <algorithm>
#include <map>

namespace squall::experiment {
namespace {

constexpr Seconds url_valid{300};
constexpr std::int64_t describe_batch = 100;
constexpr std::int64_t ssm_batch = 50;

std::int64_t batches(std::size_t count, std::int64_t size) {
    return (static_cast<std::int64_t>(count) + size - 1) / size;
}

// As uname -m says it; empty where ECS does not say.
std::string architecture_of(const aws::ContainerInstance& instance) {
    const auto found = instance.attributes.find("ecs.cpu-architecture");
    if (found == instance.attributes.end()) return {};
    return found->second == "arm64" ? "aarch64" : found->second;
}

std::optional<Obstacle> obstacle_of(const aws::ContainerInstance& instance,
                                    const aws::InstanceInformation* managed,
                                    const std::vector<PlannedHelper>& helpers) {
    if (auto obstacle = out_of_reach(managed)) return obstacle;
    if (managed->platform_type != "Linux")
        return Obstacle{"unsupported: the proxy is for Linux containers", ""};
    const std::string architecture = architecture_of(instance);
    const bool has_helper =
        architecture.empty()
        || std::any_of(helpers.begin(), helpers.end(), [&](const PlannedHelper& helper) {
               return helper.architecture == architecture;
           });
    if (!has_helper)
        return Obstacle{fmt::format("there is no helper for {}", architecture),
                        fmt::format("put squall-host-{} beside squall", architecture)};
    return std::nullopt;
}

// The hosts of these tasks, with the tasks in them; which of them get the fault is not said yet.
Result<std::vector<Target>> hosts_of(World& world,
                                     const Plan& plan,
                                     const std::vector<HttpTask>& tasks,
                                     Deadline deadline,
                                     const std::stop_token& stop) {
    std::map<std::string, std::vector<TargetTask>> by_host;
    for (const auto& task : tasks)
        by_host[task.task.container_instance_arn].push_back(task.target);
    std::vector<std::string> arns;
    arns.reserve(by_host.size());
    for (const auto& [arn, list] : by_host)
        arns.push_back(arn);
    const auto instances =
        world.ecs.describe_container_instances(plan.cluster, arns, deadline, stop);
    if (!instances) return fail(aws::to_error(instances.error()));
    std::vector<std::string> ids;
    for (const auto& instance : instances->found)
        ids.push_back(instance.ec2_instance_id);
    const auto managed = world.ssm.describe_instance_information(ids, deadline, stop);
    if (!managed) return fail(aws::to_error(managed.error()));
    std::vector<Target> targets;
    for (const auto& instance : instances->found) {
        const auto information =
            std::find_if(managed->begin(), managed->end(), [&](const auto& candidate) {
                return candidate.instance_id == instance.ec2_instance_id;
            });
        const auto* known = information == managed->end() ? nullptr : &*information;
        Target target;
        target.instance_id = instance.ec2_instance_id;
        target.arn = instance.arn;
        target.availability_zone = zone_of(instance);
        target.platform = platform_of(known);
        target.running_tasks = instance.running_tasks_count;
        target.is_reachable = !out_of_reach(known);
        target.tasks = by_host[instance.arn];
        if (auto obstacle = obstacle_of(instance, known, plan.helpers)) {
            target.skip = std::move(obstacle->why);
            target.advice = std::move(obstacle->advice);
        }
        targets.push_back(std::move(target));
    }
    std::sort(targets.begin(), targets.end(), [](const Target& a, const Target& b) {
        return a.instance_id < b.instance_id;
    });
    return targets;
}

// A task that somebody named has to be reached; of a service's, some.
Result<void> check_reach(const Plan& plan, const std::vector<Target>& targets) {
    const bool is_named = !plan.tunables.text("TASK_REPLICA_ID").empty();
    const auto is_skipped = [](const Target& target) {
        return !target.is_injected();
    };
    const auto first = std::find_if(targets.begin(), targets.end(), is_skipped);
    if (first == targets.end()) return {};
    if (!is_named && !std::all_of(targets.begin(), targets.end(), is_skipped)) return {};
    return fail(Errc::refused,
                "the task {} runs on {}, where nothing can be done: {}{}",
                first->tasks.front().id,
                first->instance_id,
                first->skip,
                first->advice.empty() ? "" : " - " + first->advice);
}

// By percentage, and in waves of one where it is serial. Hosts whose tasks are left out are none of
// the plan's.
void choose_tasks(Plan& plan, std::size_t total) {
    std::vector<std::string> ids;
    for (const auto& target : plan.targets) {
        for (const auto& task : target.tasks) {
            if (target.is_injected()) ids.push_back(task.id);
        }
    }
    std::sort(ids.begin(), ids.end());
    const auto percent =
        static_cast<std::size_t>(plan.tunables.number("TASK_REPLICA_AFFECTED_PERC"));
    const bool is_named = !plan.tunables.text("TASK_REPLICA_ID").empty();
    const auto wanted = is_named
                            ? ids.size()
                            : std::min(ids.size(), std::max<std::size_t>(1, total * percent / 100));
    plan.selection.how = fmt::format("{} of {} running tasks", wanted, total);
    if (!is_named) plan.selection.how += fmt::format(" of {}", plan.tunables.text("SERVICE_NAME"));
    if (wanted < ids.size()) {
        TunableValue seed = plan.tunables.all().at("SEED");
        if (seed.number == 0) {
            const auto number = new_seed();
            seed = {std::to_string(number), number, source_chance};
        }
        ids = shuffled(std::move(ids), seed.number);
        ids.resize(wanted);
        plan.selection.how += "; by chance, SEED=" + seed.text;
        plan.tunables.put("SEED", std::move(seed));
    }
    std::map<std::string, std::size_t> wave_of;
    for (const auto& id : ids)
        wave_of[id] = plan.sequence == "serial" ? wave_of.size() + 1 : 1;
    for (auto& target : plan.targets) {
        if (!target.is_injected()) continue;
        std::erase_if(target.tasks,
                      [&](const TargetTask& task) { return !wave_of.contains(task.id); });
        for (auto& task : target.tasks) {
            task.wave = wave_of.at(task.id);
            if (target.wave == 0 || task.wave < target.wave) target.wave = task.wave;
        }
    }
    std::erase_if(plan.targets, [](const Target& target) { return target.tasks.empty(); });
    plan.selection.matched = plan.targets.size();
}

Result<void> add_helpers(Plan& plan, const World& world) {
    if (world.helpers.empty())
        return fail(Errc::not_found,
                    "there is no squall-host beside squall: this fault needs it, to know which "
                    "program the hosts are to run (squall-host, squall-host-x86_64, "
                    "squall-host-aarch64)");
    const TunableValues& values = plan.tunables;
    for (const auto& helper : world.helpers) {
        std::string source;
        if (const auto& bucket = values.text("HELPER_BUCKET"); !bucket.empty())
            source = fmt::format(
                "s3://{}/{}", bucket, helper_key(values.text("HELPER_PREFIX"), helper.sha256));
        else
            source = replace_all(replace_all(values.text("HELPER_URL"), "{sha256}", helper.sha256),
                                 "{arch}",
                                 helper.architecture);
        if (values.text("INSTALL_DEPENDENCIES") != "true") source.clear();
        plan.helpers.push_back({helper.architecture, helper.sha256, std::move(source)});
    }
    return {};
}

void add_calls(Plan& plan, const HttpTasks& found) {
    const auto tasks = found.tasks.size();
    const auto hosts = plan.targets.size();
    std::int64_t sends = 0;
    std::size_t largest = 0;
    for (const auto& wave : plan.waves()) {
        sends += batches(wave.size(), ssm_batch);
        largest = std::max(largest, wave.size());
    }
    plan.calls = {{"sts:GetCallerIdentity", 1},
                  {"ecs:DescribeClusters", 1},
                  {"ecs:DescribeTasks", batches(tasks, describe_batch)},
                  {"ecs:DescribeTaskDefinition", static_cast<std::int64_t>(found.definitions)},
                  {"ecs:DescribeContainerInstances", batches(hosts, describe_batch)},
                  {"ssm:DescribeInstanceInformation", batches(hosts, ssm_batch)},
                  {"ssm:SendCommand", 2 * sends},
                  {"ssm:ListCommandInvocations", batches(largest, ssm_batch), true}};
    if (found.service) {
        plan.calls.push_back({"ecs:DescribeServices", 1});
        plan.calls.push_back({"ecs:ListTasks", batches(tasks, describe_batch)});
    }
    if (!plan.tunables.text("STOP_ALARMS").empty())
        plan.calls.push_back({"cloudwatch:DescribeAlarms", 1, true});
}

} // namespace

Result<Plan> EcsContainerHttp::plan(World& world,
                                    const TunableValues& values,
                                    Deadline deadline,
                                    std::stop_token stop) const {
    Plan plan;
    plan.fault = described_.name;
    plan.region = world.region;
    plan.endpoint = world.endpoint;
    plan.tunables = values;
    plan.specs = described_.tunables;
    drop_others(plan.tunables, plan.specs);
    plan.permissions = described_.permissions;
    plan.duration = values.seconds("TOTAL_CHAOS_DURATION");
    plan.ramp = values.seconds("RAMP_TIME");
    plan.sequence = values.text("SEQUENCE");
    if (auto helpers = add_helpers(plan, world); !helpers) return fail(helpers.error());
    const auto caller = world.sts.get_caller_identity(deadline, stop);
    if (!caller) return fail(aws::to_error(caller.error()));
    plan.principal = caller->arn;
    const auto cluster =
        find_cluster(world, values.text("CLUSTER_NAME"), plan.principal, deadline, stop);
    if (!cluster) return fail(cluster.error());
    plan.cluster = cluster->arn;
    plan.selection.registered = static_cast<std::size_t>(
        std::max<std::int64_t>(0, cluster->registered_container_instances_count));
    const auto found = find_http_tasks(world, plan.cluster, values, deadline, stop);
    if (!found) return fail(found.error());
    auto targets = hosts_of(world, plan, found->tasks, deadline, stop);
    if (!targets) return fail(targets.error());
    if (auto reached = check_reach(plan, *targets); !reached) return fail(reached.error());
    plan.targets = std::move(*targets);
    choose_tasks(plan, found->tasks.size());
    std::map<std::string, std::string> urls;
    for (const auto& helper : plan.helpers) {
        if (!helper.source.empty()) urls[helper.architecture] = "<url>";
    }
    HttpOrder shown = order_of(plan, urls);
    shown.run = "<run>";
    shown.issued_at = "<issued-at>";
    shown.not_after = "<not-after>";
    shown.restore_at = "<restore-at>";
    shown.longest = "<longest>";
    shown.tasks = "<tasks>";
    plan.scripts.push_back(
        {host::Shell::posix, http_start_script(shown), http_stop_script("<run>", "<not-after>")});
    plan.guards = guard_findings(world, plan, {}, deadline, stop);
    add_calls(plan, *found);
    if (!values.text("ASSUME_ROLE_ARN").empty())
        plan.permissions.insert(plan.permissions.begin(), "sts:AssumeRole");
    if (!values.text("HELPER_BUCKET").empty()) plan.permissions.emplace_back("s3:GetObject");
    if (!values.text("STOP_ALARMS").empty())
        plan.permissions.emplace_back("cloudwatch:DescribeAlarms");
    add_announcement(plan);
    const auto kinds = kinds_of(plan.tunables);
    const bool reads_requests = std::any_of(
        kinds.begin(), kinds.end(), [](const HttpKind* kind) { return kind->reads_requests; });
    add_http_warnings(plan, *found, reads_requests);
    return plan;
}

Result<std::map<std::string, std::string>> EcsContainerHttp::prepare(World& world,
                                                                     const Plan& plan,
                                                                     Deadline deadline,
                                                                     std::stop_token stop) const {
    std::map<std::string, std::string> urls;
    const std::string& bucket = plan.tunables.text("HELPER_BUCKET");
    for (const auto& helper : plan.helpers) {
        if (helper.source.empty()) continue;
        if (bucket.empty()) {
            urls[helper.architecture] = helper.source;
            continue;
        }
        if (!world.presign) return fail(Errc::failed, "there is no S3 to fetch the helper from");
        auto url = world.presign(bucket,
                                 helper_key(plan.tunables.text("HELPER_PREFIX"), helper.sha256),
                                 url_valid,
                                 deadline,
                                 stop);
        if (!url) return fail("signing the URL of the helper", url.error());
        urls[helper.architecture] = std::move(*url);
    }
    return urls;
}

} // namespace squall::experiment
