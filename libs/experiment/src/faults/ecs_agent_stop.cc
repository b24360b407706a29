// ecs-agent-stop: stops the ECS agent on the container instances of a cluster, holds it stopped,
// and starts it again. Running tasks are not touched; what is tested is the control plane that has
// lost sight of them.
#include "faults/ecs_agent_stop_scripts.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"
#include "squall/experiment/fault.h"
#include "squall/wire/arn.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr std::int64_t describe_batch = 100;
constexpr std::int64_t ssm_batch = 50;
// ECS takes an agent for disconnected after it has missed its heartbeats, which takes about half a
// minute.
constexpr std::int64_t heartbeat_s = 60;

const FaultDescription described{
    "ecs-agent-stop",
    "stops the ECS agent on a cluster's container instances, and starts it again",
    "Stops the ecs service on every EC2 container instance registered to a cluster, holds it "
    "stopped, then starts it and\n"
    "waits until every instance is connected again. Running task processes are not touched: it "
    "shows what the control\n"
    "plane, your alarms and your runbooks do when ECS loses sight of its instances.\n"
    "\n"
    "Each host arms a timer of its own before it stops the agent: the agent is back at the end of "
    "the duration plus a few\n"
    "seconds even if squall, SSM or the network is gone by then. An agent that is found stopped is "
    "left alone.\n"
    "\n"
    "Only hosts that SSM manages can be reached. Fargate tasks are not affected.",
    {
        {.name = "CLUSTER_NAME",
         .type = TunableSpec::Type::text,
         .required = true,
         .meaning = "the cluster, by name or ARN",
         .pattern = "[A-Za-z0-9_-]{1,255}|arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/"
                    "[A-Za-z0-9_-]{1,255}",
         .pattern_meaning = "a cluster's name (letters, digits, - and _) or its ARN"},
        {.name = "REGION",
         .type = TunableSpec::Type::text,
         .required = true,
         .meaning = "the region of the cluster",
         .pattern = "[a-z]{2}(-[a-z]+)+-[0-9]{1,2}",
         .pattern_meaning = "a region such as us-east-1"},
        {.name = "TOTAL_CHAOS_DURATION",
         .type = TunableSpec::Type::integer,
         .default_value = "30",
         .meaning = "how long the agent stays stopped",
         .unit = "s",
         .least = 5,
         .most = 43'200},
        {.name = "SEQUENCE",
         .type = TunableSpec::Type::choice,
         .default_value = "parallel",
         .meaning = "parallel: all hosts at once; serial: one after another, each restored before "
                    "the next",
         .choices = {"parallel", "serial"}},
        {.name = "RAMP_TIME",
         .type = TunableSpec::Type::integer,
         .default_value = "0",
         .meaning = "wait before and after the fault",
         .unit = "s",
         .least = 0,
         .most = 3600},
        {.name = "ASSUME_ROLE_ARN",
         .type = TunableSpec::Type::text,
         .meaning = "a role to assume on top of the credentials of the environment",
         .pattern = "arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}",
         .pattern_meaning = "the ARN of a role (arn:aws:iam::ACCOUNT:role/NAME)"},
    },
    {"ecs:DescribeClusters",
     "ecs:ListContainerInstances",
     "ecs:DescribeContainerInstances",
     "ssm:DescribeInstanceInformation",
     "ssm:SendCommand",
     "ssm:ListCommandInvocations",
     "ssm:CancelCommand"},
};

std::int64_t batches(std::size_t count, std::int64_t size) {
    return (static_cast<std::int64_t>(count) + size - 1) / size;
}

// Why nothing is done on this instance, and what would change that.
void decide(Target& target,
            const aws::ContainerInstance& instance,
            const aws::InstanceInformation* managed) {
    if (instance.status != "ACTIVE" && instance.status != "DRAINING") {
        target.skip = fmt::format("its status is {}", instance.status);
    } else if (managed == nullptr) {
        target.skip = "it is not managed by SSM";
        target.advice = "attach the policy AmazonSSMManagedInstanceCore to its instance role, and "
                        "see that amazon-ssm-agent runs";
    } else if (managed->platform_type != "Linux") {
        target.skip =
            fmt::format("unsupported: {} hosts cannot be stopped yet", managed->platform_type);
    } else if (managed->platform_name == "Bottlerocket") {
        target.skip = "unsupported: on Bottlerocket, SSM commands land in a container that cannot "
                      "reach the agent";
    } else if (managed->ping_status != "Online") {
        target.skip = fmt::format("SSM cannot reach it ({})", managed->ping_status);
        target.advice = "see that the host is up, and that amazon-ssm-agent runs and reaches SSM";
    } else if (!instance.agent_connected) {
        target.skip = "its agent is already disconnected";
        target.advice = "an agent that is found away is left alone, and not started by the undo";
    }
}

std::string whole_seconds(WallTime when) {
    return std::to_string(std::chrono::floor<Seconds>(when.time_since_epoch()).count());
}

class EcsAgentStop final : public Fault {
public:
    [[nodiscard]] const FaultDescription& description() const override { return described; }

    [[nodiscard]] Result<Plan> plan(World& world,
                                    const TunableValues& values,
                                    Deadline deadline,
                                    std::stop_token stop) const override {
        Plan plan;
        plan.fault = described.name;
        plan.region = world.region;
        plan.endpoint = world.endpoint;
        plan.tunables = values;
        plan.specs = described.tunables;
        plan.permissions = described.permissions;
        plan.duration = values.seconds("TOTAL_CHAOS_DURATION");
        plan.ramp = values.seconds("RAMP_TIME");
        plan.serial = values.text("SEQUENCE") == "serial";
        plan.inject_script = agent_stop_script("<run>", "<not-after>", "<restore-at>", "<longest>");
        plan.revert_script = agent_start_script("<run>", "<not-after>", "<yes-or-no>");
        if (!values.text("ASSUME_ROLE_ARN").empty())
            plan.permissions.insert(plan.permissions.begin(), "sts:AssumeRole");
        const auto caller = world.sts.get_caller_identity(deadline, stop);
        if (!caller) return fail(aws::to_error(caller.error()));
        plan.principal = caller->arn;
        if (auto found = find_targets(world, values.text("CLUSTER_NAME"), plan, deadline, stop);
            !found)
            return fail(found.error());
        add_calls(plan);
        add_warnings(plan);
        return plan;
    }

    [[nodiscard]] std::string inject_script(const RunOrder& order) const override {
        return agent_stop_script(order.run,
                                 whole_seconds(order.not_after),
                                 whole_seconds(order.restore_at),
                                 std::to_string(order.longest.count()));
    }

    [[nodiscard]] std::string revert_script(const UndoOrder& order) const override {
        return agent_start_script(
            order.run, whole_seconds(order.not_after), order.is_certain ? "yes" : "no");
    }

    [[nodiscard]] std::optional<HostReport> read_report(std::string_view output) const override;

    [[nodiscard]] aws::Outcome<std::map<std::string, Sight>>
    look(World& world,
         const Plan& plan,
         std::span<const std::string> arns,
         Deadline deadline,
         std::stop_token stop) const override {
        const auto described_now =
            world.ecs.describe_container_instances(plan.cluster, arns, deadline, stop);
        if (!described_now) return fail(described_now.error());
        std::map<std::string, Sight> sights;
        for (const auto& instance : described_now->found) {
            sights[instance.arn] = {instance.agent_connected ? Sight::State::well
                                                             : Sight::State::affected,
                                    instance.running_tasks_count};
        }
        for (const auto& failure : described_now->failures) {
            // MISSING is an answer: the instance is not registered any more. Everything else is no
            // answer.
            if (failure.reason == "MISSING") sights[failure.arn] = {Sight::State::gone, 0};
        }
        return sights;
    }

    [[nodiscard]] json::Array policy_statements(const TunableValues& values) const override;

    [[nodiscard]] std::string advice_without_effect(const Plan& plan) const override {
        if (plan.duration.count() < heartbeat_s) {
            return fmt::format("{} s is shorter than it takes ECS to miss an agent's heartbeats "
                               "(about 30 s): use TOTAL_CHAOS_DURATION={} or more",
                               plan.duration.count(),
                               heartbeat_s);
        }
        return "the commands ran, but ECS never showed the agents as disconnected: see what the "
               "hosts answered, above";
    }

private:
    static Result<void> find_targets(World& world,
                                     const std::string& name,
                                     Plan& plan,
                                     Deadline deadline,
                                     const std::stop_token& stop);
    static void add_calls(Plan& plan);
    static void add_warnings(Plan& plan);
};

Result<void> EcsAgentStop::find_targets(World& world,
                                        const std::string& name,
                                        Plan& plan,
                                        Deadline deadline,
                                        const std::stop_token& stop) {
    const std::vector<std::string> names{name};
    const auto clusters = world.ecs.describe_clusters(names, deadline, stop);
    if (!clusters) return fail(aws::to_error(clusters.error()));
    if (clusters->found.empty()) {
        return fail(Errc::not_found,
                    "there is no cluster '{}' in {} (looked at {} as {}): check CLUSTER_NAME, "
                    "REGION and the account",
                    name,
                    world.region,
                    world.endpoint,
                    plan.principal);
    }
    const aws::Cluster& cluster = clusters->found.front();
    if (cluster.status != "ACTIVE")
        return fail(Errc::refused,
                    "the cluster '{}' in {} is {}, not ACTIVE",
                    name,
                    world.region,
                    cluster.status);
    plan.cluster = cluster.arn;
    const auto arns = world.ecs.list_container_instances(cluster.arn, {}, deadline, stop);
    if (!arns) return fail(aws::to_error(arns.error()));
    if (arns->empty()) {
        return fail(Errc::not_found,
                    "the cluster '{}' in {} has no container instances: ecs-agent-stop works on "
                    "EC2 and external instances, a Fargate cluster has none",
                    name,
                    world.region);
    }
    const auto instances =
        world.ecs.describe_container_instances(cluster.arn, *arns, deadline, stop);
    if (!instances) return fail(aws::to_error(instances.error()));
    std::vector<std::string> ids;
    for (const auto& instance : instances->found)
        ids.push_back(instance.ec2_instance_id);
    const auto managed = world.ssm.describe_instance_information(ids, deadline, stop);
    if (!managed) return fail(aws::to_error(managed.error()));
    std::map<std::string, const aws::InstanceInformation*> by_id;
    for (const auto& information : *managed)
        by_id[information.instance_id] = &information;
    for (const auto& instance : instances->found) {
        const auto known = by_id.find(instance.ec2_instance_id);
        const aws::InstanceInformation* information =
            known == by_id.end() ? nullptr : known->second;
        const auto zone = instance.attributes.find("ecs.availability-zone");
        Target target;
        target.instance_id = instance.ec2_instance_id;
        target.arn = instance.arn;
        target.availability_zone = zone == instance.attributes.end() ? "" : zone->second;
        target.platform = information == nullptr
                              ? ""
                              : information->platform_name + " " + information->platform_version;
        target.running_tasks = instance.running_tasks_count;
        decide(target, instance, information);
        plan.targets.push_back(std::move(target));
    }
    std::sort(plan.targets.begin(), plan.targets.end(), [](const Target& a, const Target& b) {
        return a.instance_id < b.instance_id;
    });
    return {};
}

void EcsAgentStop::add_calls(Plan& plan) {
    const std::size_t all = plan.targets.size();
    const std::size_t injected = plan.injected_ids().size();
    // One after another, each host has its own commands.
    const std::int64_t sends =
        plan.serial ? static_cast<std::int64_t>(injected) : batches(injected, ssm_batch);
    plan.calls = {{"sts:GetCallerIdentity", 1},
                  {"ecs:DescribeClusters", 1},
                  {"ecs:ListContainerInstances", batches(all, describe_batch)},
                  {"ecs:DescribeContainerInstances", batches(all, describe_batch)},
                  {"ssm:DescribeInstanceInformation", batches(all, ssm_batch)},
                  {"ssm:SendCommand", 2 * sends},
                  {"ssm:ListCommandInvocations", sends, true},
                  {"ecs:DescribeContainerInstances", batches(injected, describe_batch), true}};
}

void EcsAgentStop::add_warnings(Plan& plan) {
    plan.warnings.emplace_back(
        "while the agent is stopped, running tasks cannot reach 169.254.170.2: they get no new "
        "task-role credentials and no task metadata (stopping the ecs unit removes that route)");
    if (plan.duration.count() < heartbeat_s) {
        plan.warnings.push_back(
            fmt::format("{} s may be too short to be seen: ECS takes about 30 s to miss an agent's "
                        "heartbeats when the connection does not close",
                        plan.duration.count()));
    }
    const auto skipped = std::count_if(plan.targets.begin(),
                                       plan.targets.end(),
                                       [](const Target& target) { return !target.is_injected(); });
    if (skipped > 0)
        plan.warnings.push_back(
            fmt::format("{} of {} container instances are not affected (see their reasons)",
                        skipped,
                        plan.targets.size()));
}

json::Array EcsAgentStop::policy_statements(const TunableValues& values) const {
    const std::string& name = values.text("CLUSTER_NAME");
    const auto given = wire::parse_arn(name);
    const std::string partition = given ? given->partition : "aws";
    const std::string account = given ? given->account : "*";
    const std::string cluster(given ? given->id() : std::string_view(name));
    const std::string& region = values.text("REGION");
    const auto arn =
        [&](std::string_view service, std::string_view owner, const std::string& resource) {
            return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, owner, resource);
        };
    const std::string cluster_arn = arn("ecs", account, "cluster/" + cluster);
    json::Array statements{
        json::Object{{"Sid", "FindTheCluster"},
                     {"Effect", "Allow"},
                     {"Action", json::Array{"ecs:DescribeClusters", "ecs:ListContainerInstances"}},
                     {"Resource", cluster_arn}},
        json::Object{{"Sid", "SeeItsInstances"},
                     {"Effect", "Allow"},
                     {"Action", "ecs:DescribeContainerInstances"},
                     {"Resource", arn("ecs", account, "container-instance/" + cluster + "/*")}},
        json::Object{{"Sid", "CommandTheHosts"},
                     {"Effect", "Allow"},
                     {"Action", "ssm:SendCommand"},
                     {"Resource",
                      json::Array{arn("ssm", "*", "document/AWS-RunShellScript"),
                                  arn("ec2", account, "instance/*"),
                                  arn("ssm", account, "managed-instance/*")}}},
        json::Object{{"Sid", "FollowTheCommands"},
                     {"Effect", "Allow"},
                     {"Action",
                      json::Array{"ssm:DescribeInstanceInformation",
                                  "ssm:ListCommandInvocations",
                                  "ssm:CancelCommand"}},
                     {"Resource", "*"}}};
    if (const std::string& role = values.text("ASSUME_ROLE_ARN"); !role.empty()) {
        statements.push_back(json::Object{{"Sid", "BecomeTheRoleThatHasTheRest"},
                                          {"Effect", "Allow"},
                                          {"Action", "sts:AssumeRole"},
                                          {"Resource", role}});
    }
    return statements;
}

std::optional<HostReport> EcsAgentStop::read_report(std::string_view output) const {
    static const std::map<std::string_view, HostReport::Did> words{
        {"injected", HostReport::Did::injected},
        {"left", HostReport::Did::left},
        {"too-late", HostReport::Did::too_late},
        {"busy", HostReport::Did::busy},
        {"refused", HostReport::Did::refused},
        {"failed", HostReport::Did::failed},
        {"reverted", HostReport::Did::reverted},
        {"clean", HostReport::Did::clean},
    };
    for (const auto& line : split(output, '\n')) {
        if (line.find("\"squall\"") == std::string::npos) continue;
        const auto object = json::parse_object(line);
        if (!object || json::string_at(*object, "squall") != described.name) continue;
        const auto word = words.find(json::string_at(*object, "did"));
        if (word == words.end()) continue;
        HostReport report{word->second,
                          std::string(json::string_at(*object, "why")),
                          std::string(json::string_at(*object, "other_run")),
                          std::nullopt};
        if (const auto time = json::integer_at(*object, "host_time"); time > 0)
            report.host_time = from_epoch_seconds(static_cast<double>(time));
        return report;
    }
    return std::nullopt;
}

} // namespace

const Fault* find_fault(const FaultTable& table, std::string_view name) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const Fault* fault) {
        return fault->description().name == name;
    });
    return found == table.end() ? nullptr : *found;
}

std::unique_ptr<Fault> make_ecs_agent_stop() { return std::make_unique<EcsAgentStop>(); }

} // namespace squall::experiment
