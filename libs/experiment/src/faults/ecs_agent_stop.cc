#include "faults/ecs_agent_stop.h"

#include "announcement.h"
#include "common_tunables.h"
#include "faults/ecs_agent_stop_scripts.h"
#include "faults/ecs_agent_stop_windows.h"
#include "faults/host_answers.h"
#include "guards.h"
#include "monitor_guard.h"
#include "narrowing.h"
#include "squall/base/json.h"
#include "squall/base/text.h"
#include "squall/base/time_text.h"

namespace squall::experiment {
namespace {

std::vector<TunableSpec> tunables() {
    std::vector<TunableSpec> specs{
        cluster_tunable(),
        region_tunable(),
        {.name = "TOTAL_CHAOS_DURATION",
         .type = TunableSpec::Type::integer,
         .default_value = "30",
         .meaning = "how long the agent stays stopped",
         .unit = "s",
         .least = 5,
         .most = 43'200},
        ramp_tunable(),
        role_tunable(),
    };
    auto narrowing = narrowing_tunables();
    specs.insert(specs.end(), narrowing.begin(), narrowing.end());
    auto guards = guard_tunables();
    specs.insert(specs.end(), guards.begin(), guards.end());
    specs.insert(specs.end(), {monitor_tunable(), announcement_tunable()});
    return specs;
}

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
    tunables(),
    {"ecs:DescribeClusters",
     "ecs:ListContainerInstances",
     "ecs:DescribeContainerInstances",
     "ssm:DescribeInstanceInformation",
     "ssm:SendCommand",
     "ssm:ListCommandInvocations",
     "ssm:CancelCommand"},
    {.injecting = "stopping the agent",
     .injected = "agent stopped",
     .reverting = "starting the agent again",
     .reverted = "agent started",
     .clean = "its agent runs",
     .order = "stop its agent",
     .undo = "start its agent",
     .by_hand = "start what the fault stopped"},
    EffectKnown::by_ecs,
    /*cuts_off_credentials=*/true,
    /*diagnosis=*/"AGENT_STOPPED",
};

std::string whole_seconds(WallTime when) {
    return std::to_string(std::chrono::floor<Seconds>(when.time_since_epoch()).count());
}

} // namespace

const FaultDescription& EcsAgentStop::description() const { return described; }

Problems EcsAgentStop::check(const TunableValues& values) const {
    Problems problems = check_narrowing(values);
    auto guards = check_guards(values);
    problems.insert(problems.end(), guards.begin(), guards.end());
    return problems;
}

std::string
EcsAgentStop::inject_script(const Plan& /*plan*/, const RunOrder& order, host::Shell shell) const {
    const auto script = shell == host::Shell::powershell ? windows_stop_script : agent_stop_script;
    return script(order.run,
                  whole_seconds(order.issued_at),
                  whole_seconds(order.not_after),
                  whole_seconds(order.restore_at),
                  std::to_string(order.longest.count()));
}

std::string EcsAgentStop::revert_script(const UndoOrder& order, host::Shell shell) const {
    const auto script =
        shell == host::Shell::powershell ? windows_start_script : agent_start_script;
    return script(order.run, whole_seconds(order.not_after), order.is_certain ? "yes" : "no");
}

aws::Outcome<std::map<std::string, Sight>> EcsAgentStop::look(World& world,
                                                              const Plan& plan,
                                                              std::span<const std::string> arns,
                                                              Deadline deadline,
                                                              std::stop_token stop) const {
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

std::string EcsAgentStop::advice_without_effect(const Plan& plan,
                                                const json::Object& /*counted*/) const {
    if (plan.duration < seen_for_certain) {
        return fmt::format("{} s is shorter than it takes ECS to miss an agent's heartbeats "
                           "(about 30 s): use TOTAL_CHAOS_DURATION={} or more",
                           plan.duration.count(),
                           seen_for_certain.count());
    }
    return "the commands ran, but ECS never showed the agents as disconnected: see what the "
           "hosts answered, above";
}

std::optional<HostReport> EcsAgentStop::read_report(std::string_view output) const {
    auto answer = read_host_answer(output, described.name);
    if (!answer) return std::nullopt;
    return std::move(answer->report);
}

std::unique_ptr<Fault> make_ecs_agent_stop() { return std::make_unique<EcsAgentStop>(); }

} // namespace squall::experiment
