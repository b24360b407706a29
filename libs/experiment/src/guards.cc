#include "guards.h"

#include "announcement.h"
#include "monitor_guard.h"
#include "squall/aws/cloudwatch.h"
#include "squall/base/text.h"
#include "squall/wire/arn.h"

#include <algorithm>

namespace squall::experiment {
namespace {

constexpr std::size_t names_shown_max = 5;

// A fault that leaves the cluster's agents alone has no such guards.
bool looks_at_cluster(const Plan& plan) { return plan.tunables.has("GUARDS"); }

bool is_strict(const Plan& plan) {
    return looks_at_cluster(plan) && plan.tunables.text("GUARDS") == "strict";
}

// "a, b and 3 more".
std::string some_of(const std::vector<std::string>& names) {
    const auto count = std::min(names.size(), names_shown_max);
    const std::string text = join(
        std::vector<std::string>(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count)),
        ", ");
    return count == names.size() ? text : fmt::format("{} and {} more", text, names.size() - count);
}

std::string unknown_text(const std::string& what, const aws::ApiError& error) {
    return error.kind == Errc::denied
               ? fmt::format("{} not looked at: needs {}",
                             what,
                             error.action.empty() ? error.operation : error.action)
               : fmt::format("{} could not be looked at: {}", what, aws::to_error(error).message);
}

// `going`: the instances that lose their agent, or have lost it, by this run.
std::vector<GuardFinding> instance_findings(const Plan& plan,
                                            const std::vector<aws::ContainerInstance>& instances,
                                            const std::set<std::string>& going) {
    std::vector<std::string> gone;
    std::int64_t left = 0;
    std::size_t others = 0;
    for (const auto& instance : instances) {
        const bool is_ours = going.contains(instance.ec2_instance_id);
        if (!is_ours) ++others;
        if (!is_ours && !instance.agent_connected) gone.push_back(instance.ec2_instance_id);
        if (!is_ours && instance.agent_connected) ++left;
    }
    std::vector<GuardFinding> findings;
    if (!gone.empty()) {
        findings.push_back(
            {"disconnected",
             fmt::format("{} of the {} container instances that this run leaves alone {} "
                         "disconnected: {}",
                         gone.size(),
                         others,
                         gone.size() == 1 ? "is" : "are",
                         some_of(gone)),
             is_strict(plan)});
    }
    const auto least = plan.tunables.number("MIN_CONNECTED");
    if (left < least) {
        findings.push_back({"min-connected",
                            fmt::format("{} connected container instance{} would be left, fewer "
                                        "than MIN_CONNECTED={}",
                                        left,
                                        left == 1 ? "" : "s",
                                        least),
                            is_strict(plan)});
    }
    return findings;
}

bool is_rolling(const aws::EcsService& service) {
    return service.deployments.size() > 1
           || std::any_of(service.deployments.begin(),
                          service.deployments.end(),
                          [](const aws::Deployment& deployment) {
                              return deployment.rollout_state == "IN_PROGRESS";
                          });
}

std::vector<GuardFinding> deployment_findings(World& world,
                                              const Plan& plan,
                                              Deadline deadline,
                                              const std::stop_token& stop) {
    const auto unknown = [&](const aws::ApiError& error) {
        return std::vector<GuardFinding>{
            {"deployment", unknown_text("deployments", error), is_strict(plan)}};
    };
    const auto arns = world.ecs.list_services(plan.cluster, deadline, stop);
    if (!arns) return unknown(arns.error());
    const auto services = world.ecs.describe_services(plan.cluster, *arns, deadline, stop);
    if (!services) return unknown(services.error());
    std::vector<std::string> rolling;
    for (const auto& service : services->found) {
        if (is_rolling(service)) rolling.push_back(service.name);
    }
    if (rolling.empty()) return {};
    return {{"deployment",
             fmt::format("a deployment is rolling out: {}", some_of(rolling)),
             is_strict(plan)}};
}

// An alarm that fires, that is not there, or that cannot be read ends the run.
std::vector<GuardFinding>
alarm_findings(World& world, const Plan& plan, Deadline deadline, const std::stop_token& stop) {
    const auto arns = plan.tunables.list("STOP_ALARMS");
    if (arns.empty()) return {};
    std::vector<std::string> names;
    names.reserve(arns.size());
    for (const auto& arn : arns)
        names.push_back(arn.substr(arn.find(":alarm:") + 7));
    const auto alarms = world.cloudwatch.describe_alarms(names, deadline, stop);
    if (!alarms) return {{"alarm", unknown_text("STOP_ALARMS", alarms.error()), true}};
    std::vector<GuardFinding> findings;
    for (const auto& arn : arns) {
        const auto found = std::find_if(alarms->begin(),
                                        alarms->end(),
                                        [&](const aws::Alarm& alarm) { return alarm.arn == arn; });
        if (found == alarms->end())
            findings.push_back({"alarm", fmt::format("there is no alarm {}", arn), true});
        else if (found->state == "ALARM")
            findings.push_back(
                {"alarm",
                 fmt::format("the alarm {} is in ALARM: {}", found->name, found->state_reason),
                 true});
    }
    return findings;
}

void append(std::vector<GuardFinding>& to, std::vector<GuardFinding> from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

} // namespace

std::vector<TunableSpec> guard_tunables() {
    return {
        {.name = "GUARDS",
         .type = TunableSpec::Type::choice,
         .default_value = "warn",
         .meaning = "what a disconnected instance, a rolling deployment or too few connected "
                    "instances do: warn, or strict: nothing is injected, and what is ends",
         .choices = {"warn", "strict"}},
        {.name = "MIN_CONNECTED",
         .type = TunableSpec::Type::integer,
         .default_value = "0",
         .meaning = "how many container instances should stay connected",
         .least = 0,
         .most = 100'000},
        alarm_tunable(),
    };
}

TunableSpec alarm_tunable() {
    return {.name = "STOP_ALARMS",
            .meaning = "CloudWatch alarms that end the run when they fire or cannot be read: ARNs, "
                       "with commas between",
            .pattern =
                "arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:[0-9]{12}:alarm:[^,\\x00-\\x1f]{1,255}",
            .pattern_meaning = "ARNs of CloudWatch alarms (arn:aws:cloudwatch:REGION:ACCOUNT:alarm:"
                               "NAME), with commas between",
            .list_max = 100};
}

Problems check_guards(const TunableValues& values) {
    Problems problems;
    for (const auto& text : values.list("STOP_ALARMS")) {
        const auto arn = wire::parse_arn(text);
        if (arn && arn->region != values.text("REGION"))
            problems.push_back({values.all().at("STOP_ALARMS").source,
                                fmt::format("the alarm {} is in {}, and REGION is {}",
                                            arn->id(),
                                            arn->region,
                                            values.text("REGION"))});
    }
    for (auto more : {check_monitor(values), check_announcement(values)})
        problems.insert(problems.end(), more.begin(), more.end());
    return problems;
}

std::optional<std::string> refusal_of(const std::vector<GuardFinding>& findings) {
    std::vector<std::string> against;
    for (const auto& finding : findings) {
        if (finding.refuses) against.push_back(finding.text);
    }
    if (against.empty()) return std::nullopt;
    return join(against, "; ");
}

std::vector<GuardFinding> guard_findings(World& world,
                                         const Plan& plan,
                                         const std::vector<aws::ContainerInstance>& instances,
                                         Deadline deadline,
                                         const std::stop_token& stop) {
    // The wave that takes most away.
    std::set<std::string> going;
    for (const auto& wave : plan.waves()) {
        if (wave.size() > going.size()) going = {wave.begin(), wave.end()};
    }
    auto findings = alarm_findings(world, plan, deadline, stop);
    append(findings, monitor_findings(world, plan, deadline, stop));
    if (!looks_at_cluster(plan)) return findings;
    append(findings, instance_findings(plan, instances, going));
    append(findings, deployment_findings(world, plan, deadline, stop));
    return findings;
}

std::optional<std::string> Guards::against(const std::vector<std::string>& wave,
                                           const std::stop_token& stop) {
    const Deadline deadline = Deadline::at(world_.clock.now() + call_limit);
    auto findings = alarm_findings(world_, plan_, deadline, stop);
    append(findings, monitor_findings(world_, plan_, deadline, stop));
    append(findings, look_at_cluster({wave.begin(), wave.end()}, /*holding=*/false, stop));
    return judge(findings);
}

std::optional<std::string> Guards::against_holding(const std::vector<std::string>& wave,
                                                   const std::stop_token& stop) {
    std::vector<GuardFinding> findings;
    const SteadyTime now = world_.clock.now();
    if (now >= next_alarms_) {
        findings = alarm_findings(world_, plan_, Deadline::at(now + call_limit), stop);
        next_alarms_ = world_.clock.now() + alarm_interval;
    }
    if (now >= next_cluster_) {
        // What has just been looked at when the wave began.
        if (next_cluster_ != SteadyTime{})
            append(findings, look_at_cluster({wave.begin(), wave.end()}, /*holding=*/true, stop));
        next_cluster_ =
            world_.clock.now() + (is_strict(plan_) ? strict_cluster_interval : cluster_interval);
    }
    return stop.stop_requested() ? std::nullopt : judge(findings);
}

std::vector<GuardFinding> Guards::look_at_cluster(const std::set<std::string>& going,
                                                  bool holding,
                                                  const std::stop_token& stop) {
    if (!looks_at_cluster(plan_)) return {};
    const Deadline deadline = Deadline::at(world_.clock.now() + call_limit);
    const auto unknown = [&](const aws::ApiError& error) {
        return std::vector<GuardFinding>{
            {"disconnected", unknown_text("container instances", error), is_strict(plan_)}};
    };
    const auto arns = world_.ecs.list_container_instances(plan_.cluster, {}, deadline, stop);
    if (!arns) return unknown(arns.error());
    const auto instances =
        world_.ecs.describe_container_instances(plan_.cluster, *arns, deadline, stop);
    if (!instances) return unknown(instances.error());
    auto findings = instance_findings(plan_, instances->found, going);
    // A deployment that stalls in the fault is what many want to see: only a strict run ends by it.
    if (!holding || is_strict(plan_))
        append(findings, deployment_findings(world_, plan_, deadline, stop));
    return findings;
}

std::optional<std::string> Guards::judge(const std::vector<GuardFinding>& findings) {
    for (const auto& finding : findings) {
        if (told_.insert(finding.text).second)
            events_.tell(
                "guard",
                {{"guard", finding.guard}, {"text", finding.text}, {"refuses", finding.refuses}});
    }
    return refusal_of(findings);
}

} // namespace squall::experiment
