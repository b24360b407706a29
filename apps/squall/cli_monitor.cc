#include "cli_monitor.h"

#include <CLI/CLI.hpp>

namespace squall::app {
namespace {

void add_monitor_store_option(CLI::App& command, std::string& store) {
    command.add_option(
        "--store",
        store,
        "the monitor's file; else SQUALL_MONITOR_STORE, else monitor/monitor.db in squall's "
        "state directory");
}

} // namespace

void add_monitor_settings(CLI::App& command, MonitorSettingsArguments& into) {
    command.add_option("--grace", into.grace, "how long an agent may be gone: 300, 90s, 5m")
        ->capture_default_str();
    command
        .add_option("--boot-grace",
                    into.boot_grace,
                    "how long an instance may take from its launch or registration")
        ->capture_default_str();
    command
        .add_option("--hold", into.hold, "how long an incident waits for others that belong to it")
        ->capture_default_str();
    command.add_option("--remind", into.remind, "how often an open incident is told of again")
        ->capture_default_str();
    command.add_option("--actions",
                       into.actions,
                       "what may be done about it, of diagnose,restart-agent,restart-docker,drain,"
                       "terminate; nothing unless named");
    command.add_option("--cluster-tag",
                       into.cluster_tag,
                       "only clusters whose tag ecs-agent-monitoring has this value; all of them "
                       "unless given");
}

void add_monitor_place_options(CLI::App& command, MonitorPlaceArguments& into, bool with_bus) {
    add_monitor_store_option(command, into.store);
    command.add_option("--table",
                       into.table,
                       "the table of a monitor that is a function (the stack's output Table)");
    if (with_bus)
        command.add_option("--bus", into.bus, "with --table: the event bus that it hears of")
            ->capture_default_str();
    command.add_option("--region", into.region, "with --table: else AWS_REGION");
    command.add_option("--assume-role-arn", into.role_arn, "with --table: a role to assume");
}

void add_monitor_run_options(CLI::App& command, MonitorRunCommand& into) {
    add_monitor_settings(command, into.settings);
    command.add_option("--queue",
                       into.queue,
                       "the SQS queue that gets the events, by URL or name; without it there is "
                       "only the poll");
    command.add_option("--topic", into.topic, "the SNS topic that is told, by ARN");
    command.add_option("--webhook", into.webhook, "a URL that gets each notice as JSON");
    command.add_option(
        "--command", into.hook, "a program that gets each notice on standard input, once");
    command.add_option("--command-limit", into.hook_limit, "how long it may take")
        ->capture_default_str();
    command.add_flag("--cloudwatch",
                     into.cloudwatch,
                     "count in CloudWatch: ECSAgentFailuresCount in ECS/ECSAgentFailures");
    add_monitor_store_option(command, into.store);
    command.add_option("--listen",
                       into.listen,
                       "PORT or ADDRESS:PORT of /metrics, /healthz and /v1; nothing unless given");
    command.add_option("--poll", into.poll, "how often all clusters are looked at")
        ->capture_default_str();
    command.add_option("--region", into.region, "else AWS_REGION");
    command.add_option("--assume-role-arn", into.role_arn, "a role to assume");
    command
        .add_option("--group",
                    into.groups,
                    "GROUP=CLUSTER: an Auto Scaling group whose instances never registered; others "
                    "are known by theirs")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    command.add_flag("--explain", into.explain, "also print what led to the decisions");
}

void add_monitor_mute_options(CLI::App& command, MonitorMuteCommand& into) {
    add_monitor_place_options(command, into.place, /*with_bus=*/true);
    command.add_option("--cluster", into.cluster, "a cluster's name or ARN");
    command.add_option("--node", into.nodes, "an EC2 instance id, or mi-…; may be repeated")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
    command.add_option("--for", into.duration, "how long: 30m, 2h, up to 7d")->required();
    command.add_option("--why", into.why, "for those who read of it later")->required();
    command.add_flag("--json", into.json, "machine-readable output");
}

void add_monitor_generate_options(CLI::App& command, monitor::RandomDayOptions& into) {
    using Options = monitor::RandomDayOptions;
    command.add_option("--seed", into.seed, "the same number gives the same scenario")
        ->capture_default_str();
    command.add_option("--instances", into.instances, "container instances, in three zones")
        ->check(CLI::Range(1, Options::instances_max))
        ->capture_default_str();
    command.add_option("--hours", into.hours, "how long it lasts; nothing begins in the last two")
        ->check(CLI::Range(3, Options::hours_max))
        ->capture_default_str();
    command.add_option("--for-grace", into.grace_s, "the grace for which the truth holds, seconds")
        ->check(CLI::Range(10, 3600))
        ->capture_default_str();
    command.add_flag("--calm", into.is_calm, "normal life only: nothing in it is worth a word");
}

} // namespace squall::app
